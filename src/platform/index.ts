export { HealthService } from './health.service';
export { PlatformModule } from './platform.module';
export { RegistryDoor } from './registry-door';
