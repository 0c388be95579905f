export { ApiKeysModule } from './api-keys.module';
export { ExistingKeys } from './existing-keys.service';
export { FirstAdminKey } from './first-admin-key.service';
export { RegistryAccess } from './registry-access.service';
export { RateLimit } from './rate-limit.service';
