export { LiteralReader, type ReadLiteral } from './literal-reader';
export type { ModuleInput, ModuleInterface, ModuleOutput, ModuleProvider, ModuleResource } from './module-interface';
export { ModuleInterfaceError, type ModuleInterfaceErrorCode } from './module-interface.errors';
export { ModuleInterfaceReader } from './module-interface-reader';
