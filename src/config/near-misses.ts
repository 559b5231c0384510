/** Environment variables that are probably ours, misspelled: they would be ignored without a word. */

/** A variable that isn't ours, and the one that was probably meant. */
interface NearMiss {
  variable: string;
  meant: string;
}

/** Finds the variables of `env` that are a letter or two off one of `variables`, which are ours. */
export function findNearMisses(env: object, variables: readonly string[]): NearMiss[] {
  return Object.keys(env)
    .filter((variable) => !variables.includes(variable))
    .flatMap((variable) => {
      const meant = nearestOf(variable, variables);
      return meant === undefined ? [] : [{ variable, meant }];
    });
}

/** The one of `names` that was probably meant, if any. Upper and lower case are the same. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  return names.find((ours) => isNear(name.toUpperCase(), ours.toUpperCase()));
}

/** Short names are near to too many others: PORT to PORTS, HOST to HOME. */
function isNear(variable: string, ours: string): boolean {
  const tolerance = ours.length >= 11 ? 2 : 1;
  return ours.length >= 9 && editDistance(variable, ours) <= tolerance;
}

/** How many letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  // More than that isn't near, whatever it is.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
