export { ApiKeysModule } from './api-keys.module';
export { FirstAdminKey } from './first-admin-key.service';
