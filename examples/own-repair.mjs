// irqlab check --scenario move-hotplug --model examples/own-repair.mjs
//
// A repair, tried before it is written in C. When the CPU that an interrupt has left goes offline before the first interrupt at
// the new one, Linux 5.9 gives the old vector up: it stays allocated for ever. Here it is freed.
import { eq, linux } from 'irqlab';

export const model = linux('5.9', {
  name: 'my-linux',
  replace: {
    // the same parameters as the kernel's own routine; desc->lock is held
    __send_cleanup_vector: (b, { irq }, kernel) => {
      const vectorLock = kernel.lock('vector_lock');
      b.lock(vectorLock, []);
      const cpu = b.load(kernel.variable('apicd_prev_cpu'), [irq]);
      b.if(eq(b.maskTest(kernel.mask('cpu_online_mask'), [], cpu), 0), () => {
        b.call(kernel.routine('free_moved_vector'), { irq });
        b.unlock(vectorLock, []);
        b.return();
      });
      b.unlock(vectorLock, []);
      kernel.original();
    },
  },
});
