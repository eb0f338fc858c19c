/**
 * The room of what goes on in a machine beside its devices: policies that move irqs and plug CPUs while it runs. Each is asked once for
 * each batch of cycles, looks at the machine as it is then, and says what is to be done until it is asked again.
 */
export { policiesOf } from './policies.js';
export type { Policy, PolicySource } from './policy.js';
