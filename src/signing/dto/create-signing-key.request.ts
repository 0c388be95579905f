import { IsString, MaxLength, MinLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';

const MAX_KEY_LENGTH = 65_536;

/** Nothing: a key is generated. `private_key`: it is imported. `public_key`: it is known from now on, and never signs. */
export class CreateSigningKeyRequest {
  /** Armoured OpenPGP private key: v4, RSA from 2048 bits, ed25519Legacy or NIST P-256, P-384, P-521. Write-only. */
  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_KEY_LENGTH)
  private_key?: string;

  /** Of the private key, when it has one. Write-only. */
  @Optional()
  @IsString()
  @MaxLength(1024)
  passphrase?: string;

  /** Armoured OpenPGP public key of releases that are signed elsewhere. A known one with its revocation revokes it. */
  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_KEY_LENGTH)
  public_key?: string;
}
