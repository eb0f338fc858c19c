// Optimises what asc has written (asc.wasm) once more into irqlab.wasm, with functions put into those that call them: engines compile WebAssembly function by
// function, and asc has no setting for how far to go. A tenth of the checker's time, for twice the size.
// Then makes timed.wasm of it: the same functions without those that only checks reach, for who embeds a machine.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const at = (/** @type {string} */ name) => new URL(`../build/${name}.wasm`, import.meta.url);
const { MutableGlobals, BulkMemory, BulkMemoryOpt, SignExt, NontrappingFPToInt } = binaryen.Features;

/** Exports that nobody calls on a machine that the clock drives. */
const checks = new Set(
  `enabledActions actionsAt apply restState restViolations judgeState
   openImages imageBuffer packTo unpackFrom imageBits sealState joinNext
   openReduction isJoinable declaredBy tryAlone areDependent futureWithout sufficientActions
   searchBegin searchRun searchStats searchLevel searchRound nextRound graphBegin graphRun hasRecords receive failuresAt
   chunksInUse fullChunks takeFrom newChunk dropChunk stopReading
   slotWith slotBytes copyStates copiedUpTo allSlots resumeAt restoreStates restoreFrontier`.split(/\s+/),
);

const compiled = readFileSync(at('asc'));
const module = binaryen.readBinary(compiled);
// what asc uses, and every engine has
module.setFeatures(MutableGlobals | BulkMemory | BulkMemoryOpt | SignExt | NontrappingFPToInt);
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setAlwaysInlineMaxSize(120);
binaryen.setFlexibleInlineMaxSize(400);
binaryen.setOneCallerInlineMaxSize(5000);
binaryen.setAllowInliningFunctionsWithLoops(true);
module.optimize();
// what was made for one build is for no other (src/scenario/compiled.ts)
const build = createHash('sha256').update(compiled).digest().readInt32LE();
module.addGlobal('build', binaryen.i32, false, module.i32.const(build));
module.addGlobalExport('build', 'build');
if (!module.validate()) throw new Error('the optimised module is not valid');
writeFileSync(at('irqlab'), module.emitBinary());

const names = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name);
for (const name of names) if (checks.delete(name)) module.removeExport(name);
if (checks.size > 0) throw new Error(`no exports: ${[...checks].join(', ')}`);
module.runPasses(['remove-unused-module-elements']);
writeFileSync(at('timed'), module.emitBinary());
