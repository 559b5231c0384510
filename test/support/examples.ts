/** The examples of the documentation, word for word, so that the tests run what a reader pastes. */

import { readFileSync } from "node:fs";

/** Where each HTML example is, and what it loads. */
const EXAMPLES = {
  "client.js": { file: "README.md", loads: "/client.js" },
  "socket.io": { file: ".github/PROTOCOL.md", loads: "/socket.io/socket.io.js" },
};

/** The HTML example that uses this, with a test's server in place of the default one. */
export function documentedExample(uses: keyof typeof EXAMPLES, url: string): string {
  const { file, loads } = EXAMPLES[uses];
  for (const html of codeBlocks(file, "html")) {
    if (html.includes(loads)) return html.replaceAll("http://localhost:3000", url);
  }
  throw new Error(`${file} has no example with ${loads}`);
}

/** The code blocks of this language in a file of the repository, in their order. */
export function codeBlocks(file: string, language: string): string[] {
  const markdown = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const blocks = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"));
  return [...blocks].map(([, code = ""]) => code);
}
