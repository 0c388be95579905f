export { type ClientKey, type MadeSignature, Signer } from './signer.service';
export { SigningModule } from './signing.module';
