import type { HostFacts } from '../host-facts';

/**
 * Interfaces without which an interface carries nothing: its ports, what it is stacked on, and so on down to the cards.
 * The interface itself is among them.
 */
export function below(name: string, facts: HostFacts): Set<string> {
  const found = new Set<string>();
  const visit = (link: string): void => {
    if (found.has(link)) return;
    found.add(link);
    for (const { name: port, master } of facts.links) if (master === link) visit(port);
    const parent = facts.links.find((entry) => entry.name === link)?.parent;
    if (parent !== undefined) visit(parent);
    // A port of an Open vSwitch bridge may have the bridge's addresses, and reaches the outside by the others.
    for (const bridge of facts.openVswitch?.bridges ?? [])
      if (bridge.name === link || bridge.ports.includes(link)) bridge.ports.forEach(visit);
  };
  visit(name);
  return found;
}

/** What an interface must not lose, in words; empty when it can be taken. */
export function burdens(name: string, facts: HostFacts): string[] {
  const carried: string[] = [];
  const through = (top: string): string => (top === name ? '' : ` (through ${top})`);
  for (const { client, interfaces } of facts.sessions) {
    const top = interfaces.find((entry) => below(entry, facts).has(name));
    if (top !== undefined) carried.push(`carries your own SSH session from ${client}${through(top)}`);
  }
  const route = facts.defaultRoutes.find((entry) => below(entry, facts).has(name));
  if (route !== undefined) carried.push(`carries the default route${through(route)}`);
  return carried;
}
