/** The files of .deploy, and what the server knows of what they say. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ConfigError } from "../../src/config/check.ts";
import { parseConfig } from "../../src/config/config.ts";
import { variables } from "../../src/config/options.ts";

export const DEPLOY = join(import.meta.dirname, "../../.deploy");

/** A secret that the server accepts. */
export const SECRET = "0123456789abcdef0123456789abcdef";

type Env = Readonly<Record<string, string>>;

export const readDeployFile = (name: string) => readFileSync(join(DEPLOY, name), "utf8");

/** The only document of a YAML file, with its merge keys resolved. */
export const readYaml = (name: string) => parse(readDeployFile(name), { merge: true });

/** All documents of a YAML file. */
export const readYamls = (name: string) =>
  parseAllDocuments(readDeployFile(name)).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error) throw error;
    return document.toJS();
  });

/** Puts variables into the texts of a value, as Compose does: `${A}`, `${A:-default}`, `${A:?what is wrong}`. */
export function interpolate<T>(value: T, env: Env): T {
  const text = JSON.stringify(value).replace(
    /\$\{(\w+)(?::([-?])((?:\\.|[^}])*))?\}/g,
    (_, name, how, otherwise) => {
      const set = env[name] ?? "";
      if (set === "" && how === "?") throw new Error(`${name}: ${otherwise}`);
      return set === "" && how === "-" ? otherwise : set;
    },
  );
  return JSON.parse(text);
}

/** The server's configuration by these variables; throws on one that is no option or has a value that isn't valid. */
export function configurationOf(env: Env) {
  for (const name of Object.keys(env)) {
    if (!variables.includes(name)) throw new ConfigError([`${name}: no such option`]);
  }
  return parseConfig(env);
}

/** A duration as Compose writes it, in milliseconds. */
export function milliseconds(duration: string): number {
  const [, number, unit] = duration.match(/^(\d+)(ms|s|m)$/) ?? [];
  return Number(number) * ({ ms: 1, s: 1_000, m: 60_000 }[unit ?? ""] ?? Number.NaN);
}
