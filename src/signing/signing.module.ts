import { Module } from '@nestjs/common';
import { NamespacesModule } from '../namespaces';
import { SigningKeyRepository } from './persistence/signing-key.repository';
import { Signer } from './signer.service';
import { SigningKeysController } from './signing-keys.controller';
import { SigningKeys } from './signing-keys.service';

/** Keys that sign the checksums of providers. */
@Module({
  imports: [NamespacesModule],
  controllers: [SigningKeysController],
  providers: [SigningKeys, Signer, SigningKeyRepository],
  exports: [Signer],
})
export class SigningModule {}
