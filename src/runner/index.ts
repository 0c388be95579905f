export { BOOT_ID } from './boot-id';
export { RunnerModule } from './runner.module';
export * from './runner.port';
export { ActiveWork } from './active-work';
export { Workspace } from './workspace';
