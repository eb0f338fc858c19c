import type { PolicyDescription } from '../scenario/index.js';
import { balancer, numa } from './balancer.js';
import { hotplugStorm } from './hotplugStorm.js';
import type { Policy } from './policy.js';
import { Random } from './random.js';
import { roundRobin } from './roundRobin.js';
import { storm } from './storm.js';

/** The policies of a scenario, for a run with this seed: each draws from a stream of its own. */
export function policiesOf(descriptions: readonly PolicyDescription[], seed: number): Policy[] {
  return descriptions.map((policy, i) => {
    const random = new Random(seed, i);
    if ('storm' in policy) return storm(policy.storm, random);
    if ('roundRobin' in policy) return roundRobin(policy.roundRobin);
    if ('balancer' in policy) return balancer(policy.balancer);
    return 'numa' in policy ? numa(policy.numa) : hotplugStorm(policy.hotplugStorm, random);
  });
}
