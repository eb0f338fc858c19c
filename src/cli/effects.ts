/** What each behaviour of a model is for: every other value of every behaviour, tried on all cores. */
import type { Standard, VerdictEffect } from '../check/index.js';
import type { SequenceChange } from '../conform/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import type { Scenario } from '../scenario/index.js';
import { Interrupt, Progress } from './output.js';
import { Threads } from './threads.js';

/** What a thread begins with. */
export interface EffectTask {
  /** a name or a file */
  readonly model: string;
  readonly scenarios: readonly Scenario[];
  /** recordings that the model is compared with */
  readonly folders: readonly string[];
  /** after which a search is given up */
  readonly states: number;
}

/** One other value of one behaviour, and what it changes. */
export interface Effect extends Partial<VerdictEffect> {
  readonly behaviour: string;
  readonly value: string;
  /** if no verdict changes: the first recorded sequence that does */
  readonly sequence?: SequenceChange | undefined;
  /** the model cannot be built with it */
  readonly refused?: string;
}

/** What a thread is asked. */
export type Question =
  /** one of the scenarios on the model as it is */
  | { readonly ask: 'standard'; readonly scenario: number }
  | { readonly ask: 'effect'; readonly behaviour: string; readonly value: string; readonly standards: readonly Standard[] };

/** The effects of all other values, in the order of the behaviours; undefined: not reached before Ctrl-C. */
export async function effectsOf(
  model: KernelModel,
  task: EffectTask,
): Promise<{ readonly effects: readonly (Effect | undefined)[]; readonly interrupted: boolean }> {
  const { scenarios } = task;
  const others = model.behaviours.flatMap(({ name, others: values = [] }) => values.map(({ value }) => ({ behaviour: name, value })));
  const standards: Standard[] = [];
  const effects: (Effect | undefined)[] = others.map(() => undefined);
  const progress = new Progress();
  const interrupt = new Interrupt();
  const threads = new Threads<Question, Standard | Effect>('effectThread.js', task);
  const stopped = (): boolean => interrupt.stopped;
  let done = 0;
  const tell = (): void => progress.show(`${model.name}: ${done++} of ${scenarios.length + others.length}`);
  try {
    tell();
    const firsts = scenarios.map((_, scenario) => ({ ask: 'standard', scenario }) as const);
    await threads.ask(firsts, stopped, (standard: Standard) => {
      standards.push(standard);
      tell();
    });
    const questions = others.map((other) => ({ ask: 'effect', ...other, standards }) as const);
    await threads.ask(questions, stopped, (effect: Effect, number) => {
      effects[number] = effect;
      tell();
    });
  } finally {
    progress.done();
    interrupt.done();
    await threads.close();
  }
  return { effects, interrupted: interrupt.stopped };
}
