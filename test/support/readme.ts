/** The README's examples, word for word, so that the tests run what a reader pastes. */

import { readFileSync } from "node:fs";

const README = new URL("../../README.md", import.meta.url);

/** The HTML example that imports this, with a test's server in place of the default one. */
export function readmeExample(uses: "socket.io" | "client.js", url: string): string {
  const blocks = readFileSync(README, "utf8").matchAll(/```html\n(.*?)```/gs);
  const marks = { "socket.io": "/socket.io/socket.io.js", "client.js": "/client.js" };
  for (const [, html = ""] of blocks) {
    if (html.includes(marks[uses])) return html.replaceAll("http://localhost:3000", url);
  }
  throw new Error(`the README has no example with ${marks[uses]}`);
}
