/** What kubernetes.yaml says, checked against itself, the server and the other files of .deploy; there is no cluster. */

import { once } from "node:events";
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { lacksBalancers, startBalancer, startStubs } from "../../support/balancer.ts";
import {
  configurationOf,
  readDeployFile,
  readYaml,
  readYamls,
  SECRET,
} from "../../support/deploy-files.ts";
import { parseDockerfile } from "../../support/dockerfile.ts";

interface Port {
  name: string;
  containerPort: number;
}

const objects = readYamls("kubernetes.yaml");
const SERVER = "roomrelay";
const REDIS = "roomrelay-redis";
const find = (kind: string, name: string) => {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name);
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0];
};
const podOf = (name: string) => find("Deployment", name).spec.template;
const containerOf = (name: string) => podOf(name).spec.containers[0];
const portsOf = (name: string): Port[] => containerOf(name).ports;
const { spec: ingress, metadata } = find("Ingress", SERVER);
const snippet: string = metadata.annotations["haproxy.org/backend-config-snippet"];

/** The variables of the server's container, and which of them the admin listener reads. */
function environment() {
  const { env } = containerOf(SERVER);
  const all: [string, string][] = env.map(({ name, value }: Record<string, string>) => [
    name,
    value,
  ]);
  return { own: Object.fromEntries(all), all: new Map(all) };
}

/** The keys of the Secret, with a value that is long enough. */
function secrets(): Record<string, string> {
  const [{ secretRef }] = containerOf(SERVER).envFrom;
  const keys = Object.keys(find("Secret", secretRef.name).stringData);
  return Object.fromEntries(keys.map((key) => [key, SECRET]));
}

describe.each([SERVER, REDIS])("%s", (name) => {
  test("is selected by its own labels alone", () => {
    const { selector } = find("Deployment", name).spec;
    expect(selector.matchLabels).toEqual(podOf(name).metadata.labels);
    expect(find("Service", name).spec.selector).toEqual(selector.matchLabels);
    const other = name === SERVER ? REDIS : SERVER;
    expect(podOf(other).metadata.labels).not.toMatchObject(selector.matchLabels);
  });

  test("has the ports that its Service and its probes name", () => {
    const names = portsOf(name).map((port) => port.name);
    for (const { targetPort } of find("Service", name).spec.ports) {
      expect(names).toContain(targetPort);
    }
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(name);
    for (const { httpGet, tcpSocket } of [startupProbe ?? {}, livenessProbe, readinessProbe]) {
      const port = (httpGet ?? tcpSocket)?.port;
      if (port) expect(names).toContain(port);
    }
  });

  test("runs with as few rights as it can", () => {
    const { securityContext, automountServiceAccountToken } = podOf(name).spec;
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(automountServiceAccountToken).toBe(false);
    expect(containerOf(name).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const { requests, limits } = containerOf(name).resources;
    expect(requests.memory && limits.memory).toBeTruthy();
  });
});

describe("the server's pods", () => {
  test("have options that the server takes, and the time to drain", () => {
    const config = configurationOf({ ...environment().own, ...secrets() });
    const { terminationGracePeriodSeconds } = podOf(SERVER).spec;
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(
      config.drainDelayMs + config.drainTimeoutMs,
    );
    expect(new URL(config.redisUrl ?? "")).toMatchObject({ hostname: REDIS, port: "6379" });
    expect(find("Service", REDIS).spec.ports[0].port).toBe(6379);
  });

  test("don't start with the secrets as they are", () => {
    const placeholders = find("Secret", SERVER).stringData;
    expect(() => configurationOf({ ...environment().own, ...placeholders })).toThrow(
      /AUTH_SECRET: (.|\n)*RESUME_SECRET: (.|\n)*ADMIN_TOKEN: /,
    );
  });

  test("listen where the image does; the admin port isn't in the Service", () => {
    const instructions = parseDockerfile(readDeployFile("Dockerfile"));
    const said = (wanted: string) => instructions.find(({ name }) => name === wanted)?.value;
    expect(portsOf(SERVER)).toEqual([
      { name: "http", containerPort: Number(said("EXPOSE")) },
      { name: "admin", containerPort: Number(environment().all.get("ADMIN_PORT")) },
    ]);
    expect(environment().all.get("ADMIN_HOST")).toBe("0.0.0.0");
    expect(find("Service", SERVER).spec.ports).toHaveLength(1);
    // Or Kubernetes can't tell that it isn't root.
    expect(said("USER")).toMatch(/^[1-9]\d*:/);
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(SERVER);
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
    expect(paths).toEqual(["/health", "/health", "/ready"]);
  });

  test("are two or more, not all away at a time, and on several machines", () => {
    const { replicas, strategy } = find("Deployment", SERVER).spec;
    expect(replicas).toBeGreaterThan(1);
    expect(strategy.rollingUpdate.maxUnavailable).toBe(0);
    const labels = podOf(SERVER).metadata.labels;
    const budget = find("PodDisruptionBudget", SERVER).spec;
    expect(budget).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
    for (const { labelSelector } of podOf(SERVER).spec.topologySpreadConstraints) {
      expect(labelSelector.matchLabels).toEqual(labels);
    }
  });
});

test("Redis starts as it does in compose.yaml, and only the server's pods may reach it", () => {
  expect(containerOf(REDIS).args).toEqual(readYaml("compose.yaml").services.redis.command);
  expect(containerOf(REDIS).image).toBe(readYaml("compose.yaml").services.redis.image);
  const { podSelector, ingress } = find("NetworkPolicy", REDIS).spec;
  expect(podSelector.matchLabels).toEqual(podOf(REDIS).metadata.labels);
  const [{ from, ports }, ...others] = ingress;
  expect(others).toEqual([]);
  expect(from).toEqual([{ podSelector: { matchLabels: podOf(SERVER).metadata.labels } }]);
  expect(portsOf(REDIS).map(({ name }) => name)).toEqual(
    ports.map(({ port }: Port & { port: string }) => port),
  );
});

describe("the Ingress", () => {
  test("leads to the Service, for one host with a certificate", () => {
    const [{ host, http }] = ingress.rules;
    expect(ingress.tls[0].hosts).toEqual([host]);
    const { service } = http.paths[0].backend;
    const ports = find("Service", service.name).spec.ports;
    expect(ports.map(({ name }: Port) => name)).toContain(service.port.name);
  });

  test.skipIf(lacksBalancers())("keeps a room on its node, by lines of haproxy.cfg", async () => {
    const lines = snippet.trim().split("\n");
    const ours = readDeployFile("haproxy.cfg")
      .split("\n")
      .map((line) => line.trim());
    for (const line of lines) expect(ours).toContain(line);
    const urls = await startStubs((_, node) => node);
    const haproxy = await startBalancer("haproxy", urls, (file) => {
      // As the controller writes it: its own algorithm, then the snippet.
      const without = file.split("\n").filter((line) => !lines.includes(line.trim()));
      return without
        .join("\n")
        .replace("\nbackend nodes\n", `\nbackend nodes\n balance roundrobin\n${snippet}`);
    });
    const home = async (query: string, localAddress = "127.0.0.1") => {
      const [response] = await once(
        request(`${haproxy.url}/?${query}`, { agent: false, localAddress }).end(),
        "response",
      );
      response.resume();
      return response.statusCode;
    };
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const homes = (from: number) =>
      Promise.all(numbers.map((n) => home(`room=r${n}`, `127.0.0.${n + from}`)));
    const byRoom = await homes(2);
    expect(await homes(102)).toEqual(byRoom);
    expect(new Set(byRoom).size).toBeGreaterThan(1);
    const byAddress = (query: string) =>
      Promise.all(numbers.map((n) => home(query, `127.0.0.${n + 2}`)));
    const without = await byAddress("");
    expect(await byAddress("room=")).toEqual(without);
    expect(new Set(without).size).toBeGreaterThan(1);
  });
});
