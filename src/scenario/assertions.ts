/** `assert:` of a scenario: properties of the user's own, and the mistakes in them. */
import { ExpressionError, MOST_OWN, parseExpression, Terms, type OwnProperty, type Parts } from '../kernel/index.js';
import { builtinProperties } from '../machine/index.js';
import { joined, kebab } from '../words.js';
import { cpusOf } from './complete.js';
import { duplicates, finding, type Finding } from './findings.js';
import type { Outline } from './outline/index.js';
import type { Assertion, CpuDescription, Universe } from './scenario.js';
import { assertionKeys, type ScenarioFile } from './schema/index.js';
import { universeOf } from './vectors.js';
import type { Vocabulary } from './vocabulary.js';

/** Names that an own property cannot have. */
const builtin = builtinProperties.map(kebab);

/** An assertion as the kernel room takes it. */
export function ownProperty(assertion: Assertion): OwnProperty {
  const { name } = assertion;
  if ('always' in assertion) return { name, when: 'always', expression: assertion.always };
  if ('atRest' in assertion) return { name, when: 'atRest', expression: assertion.atRest };
  return { name, when: 'afterProbe', expression: assertion.afterProbe };
}

/** What expressions call the parts of a machine, by index. */
export function partsOf(
  cpus: readonly CpuDescription[],
  irqs: readonly number[],
  devices: readonly { readonly name: string | undefined }[],
  { vectors }: Universe,
): Omit<Parts, 'systemVectors'> {
  return {
    cpus: cpus.map(({ cpu }) => cpu),
    irqs,
    devices: devices.map(({ name = '' }) => name),
    vectors: universeOf(vectors),
  };
}

/** Mistakes in names and expressions. What the names mean is checked only where the model's are known. */
export function assertionMistakes(file: ScenarioFile, outline: Outline, known: Vocabulary): Finding[] {
  const model = known.data?.(file.model);
  const invariants = model?.invariants ?? [];
  const names = file.assert.map(({ name }, i) => ({ value: name, path: ['assert', i, 'name'] }));
  const room = MOST_OWN - invariants.length;
  return [
    ...duplicates(names, (name) => `two assertions are named ${name}; give one of them another name`),
    ...names.flatMap(({ value, path }) => {
      if (builtin.includes(value))
        return [finding(path, `${value} is a property of every check; choose another name than ${joined(builtin, 'or')}`)];
      const taken = invariants.some(({ name }) => name === value);
      return taken ? [finding(path, `${value} is an invariant of the model ${file.model}; choose another name`)] : [];
    }),
    ...(file.assert.length > room ? [finding(['assert', room], `more than ${room} assertions; join some with &&`)] : []),
    ...file.assert.flatMap((assertion, i) => {
      const key = assertionKeys.find((each) => assertion[each] !== undefined) ?? 'always';
      const mistake = mistakeIn(assertion[key] ?? '', file, outline, model);
      return mistake === undefined
        ? []
        : [{ path: ['assert', i, key], spot: 'value', within: mistake.at, message: mistake.message } satisfies Finding];
    }),
  ];
}

function mistakeIn(
  expression: string,
  file: ScenarioFile,
  outline: Outline,
  model: ReturnType<NonNullable<Vocabulary['data']>>,
): ExpressionError | undefined {
  try {
    const tree = parseExpression(expression);
    const { data, systemVectors = [] } = model ?? {};
    const irqs = outline.irqs.map(({ irq }) => irq?.value ?? 0);
    const parts = partsOf(cpusOf(file), irqs, outline.devices, { vectors: outline.vectors ?? 1 });
    if (data !== undefined) new Terms({ ...parts, systemVectors, data }).whole(tree);
    return undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}
