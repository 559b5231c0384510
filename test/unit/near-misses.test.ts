import { describe, expect, test } from "vitest";
import { findNearMisses } from "../../src/config/near-misses.ts";
import { variables } from "../../src/config/options.ts";
import { cpuTimeMs } from "../support/cpu-time.ts";

const near = (env: object) => findNearMisses(env, variables);

/** The variables of shells, systemd, containers, CI, Node, npm and Windows, and of programs beside this one. */
const FOREIGN = `
  PATH HOME HOST HOSTNAME HOSTS HOSTTYPE PORTS POST COST SPORT USER LOGNAME SHELL TERM LANG LC_ALL TZ PWD OLDPWD SHLVL
  MAIL EDITOR PAGER DISPLAY COLUMNS LINES TMPDIR XDG_RUNTIME_DIR XDG_SESSION_ID SSH_AUTH_SOCK SSH_CLIENT
  SSH_CONNECTION DBUS_SESSION_BUS_ADDRESS INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS MAINPID
  SYSTEMD_EXEC_PID CI GITHUB_TOKEN GITHUB_ACTIONS KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
  KUBERNETES_PORT REDIS_PORT REDIS_HOST REDIS_URL DATABASE_URL NODE_ENV NODE_OPTIONS NODE_PATH NODE_DEBUG
  NODE_VERSION YARN_VERSION NPM_TOKEN npm_config_registry npm_package_name npm_lifecycle_event INIT_CWD
  DEBUG FORCE_COLOR NO_COLOR HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy ALL_PROXY port host
  APPDATA LOCALAPPDATA ALLUSERSPROFILE COMPUTERNAME ComSpec CommonProgramFiles HOMEDRIVE HOMEPATH
  LOGONSERVER NUMBER_OF_PROCESSORS OS PATHEXT PROCESSOR_ARCHITECTURE ProgramData ProgramFiles
  PSModulePath PUBLIC SESSIONNAME SystemDrive SystemRoot TEMP TMP USERDOMAIN USERNAME USERPROFILE windir
  PM2_HOME JWT_SECRET SESSION_SECRET API_SECRET SECRET CORS LOG_FORMAT LOG_FILE RUST_LOG TURN_PORT
  TURN_HOST TURN_REALM STUN_PORT MAX_CLIENTS PING_TIMEOUT WEB_CONCURRENCY POSTGRES_PASSWORD
`
  .trim()
  .split(/\s+/);

describe("variables that are nearly ours", () => {
  test.each([
    ["MAX_PEERS_PER_ROM", "MAX_PEERS_PER_ROOM"],
    ["MAX_PEER_PER_ROOMS", "MAX_PEERS_PER_ROOM"],
    ["CORS_ORIGINS", "CORS_ORIGIN"],
    ["CORS_OIRGIN", "CORS_ORIGIN"],
    ["TURN_URL", "TURN_URLS"],
    ["STUN_URL", "STUN_URLS"],
    ["TRANSPORT", "TRANSPORTS"],
    ["TRUSTED_PROXY", "TRUST_PROXY"],
    ["LOGLEVEL", "LOG_LEVEL"],
    ["log_level", "LOG_LEVEL"],
    ["AUTH_SECERT", "AUTH_SECRET"],
    ["EVENTS_BURST", "EVENT_BURST"],
    ["PING_INTERVALL_MS", "PING_INTERVAL_MS"],
  ])("%s was to be %s", (variable, meant) => {
    expect(near({ [variable]: "1", PORT: "1" })).toEqual([{ variable, meant }]);
  });

  test("ours are none", () => {
    expect(near(Object.fromEntries(variables.map((name) => [name, "1"])))).toEqual([]);
  });

  test.each(FOREIGN)("%s is somebody else's", (variable) => {
    expect(near({ [variable]: "1" })).toEqual([]);
  });

  test("three letters off is somebody else's, and a long name is read in no time", () => {
    expect(near({ MAX_PEARS_IN_ROOM: "1" })).toEqual([]);
    const ms = cpuTimeMs(() => expect(near({ ["X".repeat(1_000_000)]: "1" })).toEqual([]));
    expect(ms).toBeLessThan(1_000);
  });
});
