/** By which addresses and names others in the network reach this machine. */

import { hostname, networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";

/** Networks between virtual machines, containers or the members of a VPN. A phone in the Wi-Fi isn't in them. */
const VIRTUAL =
  /docker|podman|virbr|vbox|virtualbox|vmnet|vmware|vethernet|tailscale|zerotier|^(br-|veth|utun|tun|tap|wg|zt)/i;
/** A name that may stand in a certificate. */
const NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i;

/**
 * The addresses of this machine in its networks, the likeliest to be its Wi-Fi's first: private IPv4, other
 * IPv4, IPv6. Without loopback, and without link-local IPv6: a URL can't have such an address.
 */
export function ownAddresses(interfaces = networkInterfaces()): string[] {
  return Object.entries(interfaces)
    .flatMap(([name, entries = []]) => entries.map((entry) => ({ name, ...entry })))
    .filter(({ internal }) => !internal)
    .map(({ name, address }) => ({ address, rank: rankOf(name, address) }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.rank - b.rank)
    .map(({ address }) => address);
}

/** Below 8 for IPv4; in either family, below the others for a network that isn't virtual. */
function rankOf(interfaceName: string, address: string): number {
  const ip = ipaddr.parse(address);
  const range = ip.range();
  if (ip.kind() === "ipv6" && range === "linkLocal") return Number.POSITIVE_INFINITY;
  const family = ip.kind() === "ipv4" ? 0 : 8;
  const virtual = VIRTUAL.test(interfaceName) ? 4 : 0;
  const reach = range === "private" ? 0 : range === "linkLocal" ? 2 : 1;
  return family + virtual + reach;
}

/** The names of this machine: localhost, its host name, and the one that mDNS gives it. */
export function ownNames(name = hostname()): string[] {
  const [label = ""] = name.split(".");
  return [
    ...new Set(["localhost", name, `${label}.local`].map((name) => name.toLowerCase())),
  ].filter((name) => NAME.test(name));
}
