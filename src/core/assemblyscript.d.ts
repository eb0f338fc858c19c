/**
 * The AssemblyScript number types that stand as annotations in the files both compilers read (`assembly/state/abi`). To TypeScript they are all `number`; 64-bit types are left out because there they would be `bigint`.
 */

declare type u8 = number;
declare type u16 = number;
declare type u32 = number;
declare type i32 = number;
