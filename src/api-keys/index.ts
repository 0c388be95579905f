export { ApiKeysModule } from './api-keys.module';
export { FirstAdminKey } from './first-admin-key.service';
export { RegistryAccess } from './registry-access.service';
export { RateLimit } from './rate-limit.service';
