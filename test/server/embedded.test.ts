/** The server as another program starts it, from JavaScript. */

import { expect, test } from "vitest";
import { TestProcess } from "../support/server.ts";

test.each(["{ port: 0 }", "{ ...optionsFromEnv({ PORT: '0', HOST: '127.0.0.1' }) }"])(
  "createSignalingServer(%s) is all that it takes",
  async (options) => {
    const program = `
      import { createSignalingServer, optionsFromEnv } from "./src/index.ts";
      const server = createSignalingServer(${options});
      const port = await server.listen();
      const { status } = await fetch(\`http://127.0.0.1:\${port}/health\`);
      await server.close();
      console.log("answered", status);
    `;
    const process = new TestProcess(["--import", "tsx", "--input-type=module", "-e", program]);
    // It ends by itself: a closed server holds nothing open.
    expect(await process.ended(), process.output).toBe(0);
    expect(process.output.trim()).toBe("answered 200");
  },
);

test("createSignalingServer() takes no option at all", async () => {
  const program = `
    import { createSignalingServer } from "./src/index.ts";
    console.log(typeof createSignalingServer().listen);
  `;
  const process = new TestProcess(["--import", "tsx", "--input-type=module", "-e", program]);
  expect(await process.ended(), process.output).toBe(0);
  expect(process.output.trim()).toBe("function");
});
