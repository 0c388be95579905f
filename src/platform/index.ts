export { HealthService } from './health.service';
export { PlatformModule } from './platform.module';
