/** Sockets: CPUs and devices are split among them evenly, in the order of the numbers of the one and of the list of the others. */
/** The socket of number `place` of so many. */
export function socketOf(place: number, count: number, sockets: number): number {
  return Math.floor((place * sockets) / Math.max(count, 1));
}

/** What a machine says of its CPUs, in ascending order of their numbers. */
interface Cpus {
  readonly cpus: readonly { readonly cpu: number }[];
  readonly sockets?: number;
}

/** The CPUs of each socket, by their numbers, in ascending order. */
export function cpusOfSockets({ cpus, sockets = 1 }: Cpus): readonly (readonly number[])[] {
  const all: number[][] = Array.from({ length: sockets }, () => []);
  cpus.forEach(({ cpu }, i) => all[socketOf(i, cpus.length, sockets)]?.push(cpu));
  return all;
}
