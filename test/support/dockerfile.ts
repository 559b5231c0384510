/** Does what a Dockerfile says without Docker: each stage is a folder, and steps run as the test's user. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** The instructions, without comments, each in one line. */
export function parseDockerfile(text: string): Instruction[] {
  const lines = text.replace(/^\s*#.*\n/gm, "").replace(/\\\n/g, " ");
  return [...lines.matchAll(/^([A-Z]+)\s+(.+)$/gm)].map(([, name = "", value = ""]) => ({
    name,
    value,
  }));
}

/** The names that a .dockerignore lets through: it excludes everything, then names what stays. */
export function allowedBy(dockerignore: string): string[] {
  const lines = dockerignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.shift() !== "*") throw new Error("it has to begin with *");
  return lines.map((line) => {
    const [, name] = line.match(/^!([\w.-]+)$/) ?? [];
    if (!name) throw new Error(`${line} isn't understood here`);
    return name;
  });
}

/** A stage, and what its instructions have said so far. */
export class Stage {
  /** The folder that is its root. */
  readonly root: string;
  readonly env: Record<string, string> = {};
  workdir = "/";
  user = "";
  port = 0;
  command: string[] = [];
  healthcheck: string[] = [];

  constructor(root: string) {
    this.root = root;
  }

  /** Where a path of the stage is on this machine. */
  at(path = "."): string {
    return join(this.root, path.startsWith("/") ? path : join(this.workdir, path));
  }

  /** Does one instruction. `open` gives the path of what COPY names, from `--from` or the context. */
  do({ name, value }: Instruction, open: (path: string, from?: string) => string, env: Env): void {
    const words = value.split(/\s+/);
    if (name === "ENV") Object.assign(this.env, Object.fromEntries(words.map((w) => w.split("="))));
    else if (name === "WORKDIR") this.workdir = value;
    else if (name === "COPY") this.copy(words, open);
    else if (name === "RUN") this.run(value, env);
    else if (name === "USER") this.user = value;
    else if (name === "EXPOSE") this.port = Number(value);
    else if (name === "CMD") this.command = JSON.parse(value);
    else if (name === "HEALTHCHECK") this.healthcheck = JSON.parse(value.replace(/^.*?CMD /, ""));
    else throw new Error(`${name} isn't understood here`);
  }

  private copy(words: string[], open: (path: string, from?: string) => string): void {
    const from = words[0]?.match(/^--from=(.+)/)?.[1];
    const paths = words.slice(from === undefined ? 0 : 1);
    const target = paths.pop() ?? "";
    for (const path of paths) {
      const to = target.endsWith("/") ? join(this.at(target), basename(path)) : this.at(target);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(open(path, from), to, { recursive: true, verbatimSymlinks: true });
    }
  }

  private run(script: string, env: Env): void {
    const options = { cwd: this.at(), env: { ...env, ...this.env }, stdio: "pipe" } as const;
    execFileSync("sh", ["-c", script], options);
  }
}

type Env = Readonly<Record<string, string>>;

/**
 * Builds in folders below `folder`; gives the last stage.
 *
 * @param allowed the names in `context` that may be copied
 * @param env variables that RUN has besides
 */
export function buildImage(
  instructions: readonly Instruction[],
  { context, allowed, folder }: { context: string; allowed: readonly string[]; folder: string },
  env: Env,
): Stage {
  const stages = new Map<string, Stage>();
  let stage = new Stage("");
  const open = (path: string, from?: string) => {
    if (from !== undefined) return stages.get(from)?.at(path) ?? "";
    if (!allowed.includes(path.replace("./", ""))) {
      throw new Error(`the .dockerignore excludes ${path}`);
    }
    return join(context, path);
  };
  for (const instruction of instructions) {
    if (instruction.name !== "FROM") {
      stage.do(instruction, open, env);
      continue;
    }
    stage = new Stage(join(folder, `stage-${stages.size}`));
    stages.set(instruction.value.split(" AS ")[1] ?? "", stage);
  }
  return stage;
}

/** All files below a folder, as paths from there. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** Takes everybody's right to write below a folder away, or gives it back to the owner. */
export function setWritable(folder: string, isWritable: boolean): void {
  execFileSync("chmod", ["-R", isWritable ? "u+w" : "a-w,a+rX", folder]);
}
