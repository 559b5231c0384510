/** Detection of misspelled options, which would otherwise be ignored silently. */

/** An unknown variable, and the option that was probably meant. */
interface NearMiss {
  variable: string;
  meant: string;
}

/** Finds variables of `env` that differ by one or two letters from one of `variables`. */
export function findNearMisses(env: object, variables: readonly string[]): NearMiss[] {
  return Object.keys(env)
    .filter((variable) => !variables.includes(variable))
    .flatMap((variable) => {
      const meant = nearestOf(variable, variables);
      return meant === undefined ? [] : [{ variable, meant }];
    });
}

/** The one of `names` that was probably meant, if any. Case is ignored. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  return names.find((known) => isNear(name.toUpperCase(), known.toUpperCase()));
}

/** Whether a name is probably a misspelling. Short names resemble too many others: PORT and PORTS. */
function isNear(name: string, known: string): boolean {
  const tolerance = known.length >= 11 ? 2 : 1;
  return known.length >= 9 && editDistance(name, known) <= tolerance;
}

/** The number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  // More than any tolerance.
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
