export { RunnerModule } from './runner.module';
export * from './runner.port';
export { Workspace } from './workspace';
