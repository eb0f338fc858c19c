// Optimises the module once more, with functions put into those that call them: engines compile WebAssembly function by
// function, and asc has no setting for how far to go. A tenth of the checker's time, for twice the size.
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const FILE = new URL('../build/irqlab.wasm', import.meta.url);
const { MutableGlobals, BulkMemory, BulkMemoryOpt, SignExt, NontrappingFPToInt } = binaryen.Features;

const module = binaryen.readBinary(readFileSync(FILE));
// what asc uses, and every engine has
module.setFeatures(MutableGlobals | BulkMemory | BulkMemoryOpt | SignExt | NontrappingFPToInt);
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setAlwaysInlineMaxSize(120);
binaryen.setFlexibleInlineMaxSize(400);
binaryen.setOneCallerInlineMaxSize(5000);
binaryen.setAllowInliningFunctionsWithLoops(true);
module.optimize();
if (!module.validate()) throw new Error('the optimised module is not valid');
writeFileSync(FILE, module.emitBinary());
