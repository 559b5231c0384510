/** A peer that does what a script says, and notes what it hears. */

import { type EventEmitter, once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import type { SignalingSocket } from "../../../src/signaling/socket.ts";
import type { Frame } from "../../support/frames.ts";
import type { TestServer } from "../../support/server.ts";
import { type Line, openLine } from "./line.ts";
import type { Role, Transport, Writing } from "./script.ts";

const COUNTED = /^42\["(?:get[A-Z]|user_(?:joined|exit|away|back)")/;
/** Acknowledgement ids from here on are those of `ask`; scripts have others. */
const FIRST_ID = 900_000_000;

export class Player {
  /** Every packet, in order. */
  readonly heard: string[] = [];
  /** How its connections ended, as the server sees it. */
  readonly ends: string[] = [];
  /** The ids of its sockets. */
  readonly ids: string[] = [];
  /** Its id in its room, as far as it knows. */
  id = "";
  /** The newest ticket that it was given. */
  ticket: string | undefined;
  line: Line | undefined;
  /** The server's side of its connection. */
  seat: SignalingSocket | undefined;
  private readonly server: TestServer;
  private readonly role: Role;
  /** What came of what it sent with CONNECT. */
  private result: Promise<string> = Promise.resolve("");
  private readonly answers = new Map<string, (answer: string) => void>();
  private isLost = false;
  /** How many counted messages it has got since it joined. */
  private received = 0;
  private asked = 0;

  constructor(server: TestServer, role: Role) {
    this.server = server;
    this.role = role;
  }

  /** Connects, if it isn't, and takes its seat again, or joins. */
  async appear(): Promise<void> {
    if (this.line?.isOpen) return;
    if (this.line) await this.over();
    const { isLost, ticket, received } = this;
    const { transport, join, early } = this.role;
    const back = isLost && ticket !== undefined && { resume: { ticket, received } };
    const told = early ? back || (join && { join }) : undefined;
    this.isLost = false;
    await this.connect(transport, told ? `40${JSON.stringify(told)}` : "40");
    const answer = told ? await this.result : back ? await this.ask("resume", back.resume) : "";
    const isSeated = answer.includes('{"ok":true');
    if (join && !isSeated && !(told && "join" in told)) await this.ask("join", join);
  }

  private async connect(transport: Transport, packet: string): Promise<void> {
    const connected = new Promise<string>((resolve) => this.answers.set("40", resolve));
    this.result = new Promise<string>((resolve) => this.answers.set("result", resolve));
    this.line = await openLine(this.server.url, transport, (heard) => this.hear(heard), packet);
    this.line.closed.then(() => this.giveUp());
    const [, id = ""] = /"sid":"([^"]+)"/.exec(await connected) ?? [];
    this.ids.push(id);
    this.seat = this.server.io.sockets.sockets.get(id);
    this.seat?.on("disconnect", (reason) => this.ends.push(reason));
  }

  /** Sends; resolves when that is handled, or its connection has ended. */
  async send(frames: readonly Frame[], writing: Writing): Promise<void> {
    if (writing === "apart" || writing === "each") await this.sendApart(frames, writing);
    else await this.line?.write(frames, writing);
    await this.settle();
  }

  private async sendApart(frames: readonly Frame[], writing: "apart" | "each"): Promise<void> {
    const { line, seat } = this;
    if (!line || !seat) return;
    for (const frame of frames) {
      if (!line.isOpen) return;
      const arrived = once(seat.conn as EventEmitter, "packet");
      await line.write([frame]);
      // By polling it is answered when it has, even if it is refused.
      if (this.role.transport !== "polling") await Promise.race([arrived, line.closed]);
      // What is done with it in ticks is done.
      await turn();
      // What a header announces has to follow it.
      if (writing === "each" && !String(frame).startsWith("45")) await this.settle();
    }
  }

  /** Resolves when everything that it has sent is handled, and everything that it was sent has come. */
  async settle(): Promise<void> {
    await this.ask("settled?");
    if (this.line && !this.line.isOpen) await this.over();
  }

  /** Says goodbye in the middle of something; resolves when its connection has ended. */
  async sayGoodbye(before: readonly Frame[], after: readonly Frame[]): Promise<void> {
    const { line, seat } = this;
    if (!line || !seat) return;
    const gone = seat.connected ? once(seat as EventEmitter, "disconnect") : undefined;
    await line.write([...before, "41", ...after]);
    await gone;
    // Without a socket, that ends the connection.
    if (line.isOpen) await line.write(['42["leave"]']);
    await this.over();
  }

  /** Loses its connection, and what it got last. */
  async lose(unread: number): Promise<void> {
    this.isLost = true;
    this.received = Math.max(0, this.received - unread);
    this.line?.lose();
    await this.over();
  }

  /** Resolves when its connection has ended on both sides, and the server has done what follows. */
  async over(): Promise<void> {
    const { line, seat } = this;
    await line?.closed;
    if (!seat) return;
    if (seat.connected) await once(seat as EventEmitter, "disconnect");
    for (let idle: unknown; idle !== seat.data.idle; ) {
      idle = seat.data.idle;
      await seat.data.idle;
    }
  }

  private async ask(event: string, ...args: unknown[]): Promise<string> {
    const id = FIRST_ID + this.asked++;
    if (!this.line?.isOpen) return "";
    const answer = new Promise<string>((resolve) => this.answers.set(`43${id}`, resolve));
    await this.line.write([`42${id}${JSON.stringify([event, ...args])}`]);
    return answer;
  }

  private hear(packet: string): void {
    // Engine.IO's handshake, and what makes an upgrade faster, by a timer.
    if (/^[06]/.test(packet)) return;
    this.heard.push(packet);
    if (COUNTED.test(packet)) this.received++;
    if (packet.startsWith('42["room_users"') || packet.includes('"received":null'))
      this.received = 0;
    const head = packet.slice(0, 400);
    this.id =
      /^40\{"sid":"([^"]+)"|"self":\{"id":"([^"]+)"/.exec(head)?.slice(1).join("") ?? this.id;
    this.ticket = /"ticket":"([^"]+)"/.exec(packet)?.[1] ?? this.ticket;
    const isResult = /^42\["(?:join|resume)_result",/.test(packet);
    const answered = isResult ? "result" : (/^4(?:0|39\d{8}(?=\[))/.exec(packet)?.[0] ?? "");
    this.answers.get(answered)?.(packet);
    this.answers.delete(answered);
  }

  /** Its connection has ended: no answer comes any more. */
  private giveUp(): void {
    for (const answer of this.answers.values()) answer("");
    this.answers.clear();
  }
}
