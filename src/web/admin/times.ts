/** Times of day, in the reader's own time zone. */

import { setText } from "./keyed-list.ts";

const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const SECONDS = new Intl.DateTimeFormat([], TIME);
const MILLISECONDS = new Intl.DateTimeFormat([], { ...TIME, fractionalSecondDigits: 3 });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });

/** Writes a time, Unix milliseconds, to the second or to the millisecond; the date is in the title. */
export function setTime(element: HTMLTimeElement, at: number, isExact: boolean): void {
  const date = new Date(at);
  const iso = date.toISOString();
  if (element.dateTime === iso) return;
  element.dateTime = iso;
  element.title = FULL.format(date);
  setText(element, (isExact ? MILLISECONDS : SECONDS).format(date));
}

/** The time now, to the second. */
export const timeNow = () => SECONDS.format();
