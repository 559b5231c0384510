/** Times of day, in the reader's own time zone. */

import { setText } from "./keyed-list.ts";

const TIME: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
const SECONDS = new Intl.DateTimeFormat([], TIME);
const MILLISECONDS = new Intl.DateTimeFormat([], { ...TIME, fractionalSecondDigits: 3 });
const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });

/** Writes a time, Unix milliseconds, with its day if that isn't today; the full date is in the title. */
export function setTime(
  element: HTMLTimeElement,
  at: number,
  { milliseconds }: { milliseconds: boolean },
): void {
  const date = new Date(at);
  const time = (milliseconds ? MILLISECONDS : SECONDS).format(date);
  const isToday = date.toDateString() === new Date().toDateString();
  element.dateTime = date.toISOString();
  element.title = FULL.format(date);
  setText(element, isToday ? time : `${DAY.format(date)} ${time}`);
}

/** The time now, to the second. */
export const timeNow = () => SECONDS.format();
