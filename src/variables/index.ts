export type { RunInput } from './domain/run-input';
export { RunVariables } from './run-variables.service';
export { VariablesModule } from './variables.module';
