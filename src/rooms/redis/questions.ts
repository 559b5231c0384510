/** Questions to the other nodes about a room, for an operator. */

import type { Message } from "./outgoing.ts";

/** Between nodes, beside the events for peers: a question, and the answer to one. Both begin with its number. */
export const ASK = "ask";
export const TELL = "tell";

/** For how long answers are waited for. */
const TIMEOUT_MS = 1_000;

interface Question {
  readonly answers: string[];
  /** How many answers are still missing. */
  missing: number;
  readonly finish: () => void;
}

/** The questions of this node that aren't answered yet. */
export class Questions {
  private readonly open = new Map<string, Question>();
  private readonly send: (node: string, message: Message) => void;
  private count = 0;

  constructor(send: (node: string, message: Message) => void) {
    this.send = send;
  }

  /** Asks these nodes about a room. Resolves with the answers of those that answer in time. */
  ask(room: string, nodes: readonly string[]): Promise<string[]> {
    if (nodes.length === 0) return Promise.resolve([]);
    const number = String(++this.count);
    return new Promise((resolve) => {
      const answers: string[] = [];
      const finish = () => {
        clearTimeout(timer);
        this.open.delete(number);
        resolve(answers);
      };
      const timer = setTimeout(finish, TIMEOUT_MS);
      this.open.set(number, { answers, missing: nodes.length, finish });
      for (const node of nodes) this.send(node, messageOf(ASK, number, room));
    });
  }

  /** Answers a question of another node. */
  async answer(node: string, text: string, about: (room: string) => Promise<string>) {
    const [number, room] = partsOf(text);
    this.send(node, messageOf(TELL, number, await about(room)));
  }

  /** Takes the answer of another node. */
  take(text: string): void {
    const [number, answer] = partsOf(text);
    const question = this.open.get(number);
    if (!question) return;
    question.answers.push(answer);
    if (--question.missing === 0) question.finish();
  }
}

function messageOf(event: string, number: string, text: string): Message {
  return { room: "", ids: [], peer: "", event, text: `${number} ${text}` };
}

function partsOf(text: string): [number: string, rest: string] {
  const blank = text.indexOf(" ");
  return [text.slice(0, blank), text.slice(blank + 1)];
}
