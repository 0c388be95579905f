export { DeploymentsModule } from './deployments.module';
export { RunArchive } from './run-archive.service';
export { RunEventHub } from './run-event-hub';
