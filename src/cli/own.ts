/** In a model of the user's own, 'irqlab' is the program that runs it, wherever the file is. Loaded by `module.register`. */
interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

type Next = (specifier: string, context: unknown) => Promise<Resolved>;

export async function resolve(specifier: string, context: unknown, next: Next): Promise<Resolved> {
  if (specifier === 'irqlab') return { url: new URL('../index.js', import.meta.url).href, shortCircuit: true };
  return next(specifier, context);
}
