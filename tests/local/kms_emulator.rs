//! The embedded KMS refuses what KMS refuses, as the AWS SDK sees it.

use std::{error::Error, fs, io, thread};

use aws_sdk_kms::{
    Client, Config,
    config::{Credentials, Region, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::{DataKeySpec, KeySpec, KeyState, KeyUsageType, MultiRegionKeyType},
};
use local::kms::{Call, Kms};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

type Tested = Result<(), Box<dyn Error>>;

const ARN_PREFIX: &str = "arn:aws:kms:us-east-1:000000000000:";
const UNKNOWN_KEY: &str = "12345678-1234-1234-1234-123456789012";
const DAY: i64 = 24 * 60 * 60;

/// A served emulator and the SDK's own client of it, without retries.
struct Served {
    kms: Kms,
    client: Client,
    address: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Served {
    async fn start(kms: Kms) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let config = Config::builder()
            .behavior_version_latest()
            .region(Region::from_static("us-east-1"))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .build();
        Ok(Self {
            client: Client::from_conf(config),
            server: tokio::spawn(kms.clone().serve(listener, shutdown)),
            kms,
            address,
            stop,
        })
    }

    /// Stops serving; then nothing holds the key file.
    async fn stop(self) -> Tested {
        drop(self.stop);
        Ok(self.server.await??)
    }

    async fn create_key(&self) -> Result<String, Box<dyn Error>> {
        let created = self.client.create_key().send().await?;
        let metadata = created.key_metadata.ok_or("no metadata")?;
        Ok(metadata.arn.ok_or("no ARN")?)
    }

    /// "secret", encrypted for alice.
    async fn encrypt(&self, key: &str) -> Result<Blob, Box<dyn Error>> {
        let request = self.client.encrypt().key_id(key).plaintext(secret());
        let encrypted = request.encryption_context("client", "alice").send().await?;
        Ok(encrypted.ciphertext_blob.ok_or("no ciphertext")?)
    }

    /// What opens to alice under a key, or under the key that made it.
    async fn decrypt(&self, key: Option<&str>, blob: Blob) -> Result<Blob, Box<dyn Error>> {
        let request = self.client.decrypt().ciphertext_blob(blob);
        let request = request.set_key_id(key.map(str::to_owned));
        let decrypted = request.encryption_context("client", "alice").send().await?;
        Ok(decrypted.plaintext.ok_or("no plaintext")?)
    }

    /// Sends these very bytes: what the SDK's client cannot.
    async fn post(&self, target: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: kms\r\nconnection: close\r\nx-amz-target: {target}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

async fn memory() -> io::Result<Served> {
    Served::start(Kms::memory()).await
}

fn secret() -> Blob {
    Blob::new("secret")
}

/// What KMS says instead of a result.
fn refusal<T, E>(answer: Result<T, SdkError<E>>) -> E {
    let Err(SdkError::ServiceError(refusal)) = answer else {
        panic!("KMS did not refuse");
    };
    refusal.into_err()
}

/// The code of a refusal that the SDK has no type for.
fn code<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> String {
    refusal(answer).code().unwrap_or_default().to_owned()
}

fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

#[tokio::test]
async fn a_data_key_has_the_length_asked_for_and_opens_again() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    for (spec, bytes, length) in [
        (Some(DataKeySpec::Aes256), None, 32),
        (Some(DataKeySpec::Aes128), None, 16),
        (None, Some(1), 1),
        (None, Some(1024), 1024),
    ] {
        let request = served.client.generate_data_key().key_id(&key);
        let request = request.set_key_spec(spec).set_number_of_bytes(bytes);
        let made = request.encryption_context("client", "alice").send().await?;
        assert_eq!(made.key_id.as_ref(), Some(&key));
        let plaintext = made.plaintext.unwrap();
        assert_eq!(plaintext.as_ref().len(), length);
        let blob = made.ciphertext_blob.unwrap();
        assert_eq!(served.decrypt(Some(&key), blob).await?, plaintext);
    }
    Ok(())
}

#[tokio::test]
async fn a_data_key_without_plaintext_opens_to_one() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let request = served.client.generate_data_key_without_plaintext();
    let request = request.key_id(&key).key_spec(DataKeySpec::Aes256);
    let made = request.encryption_context("client", "alice").send().await?;
    assert_eq!(made.key_id.as_ref(), Some(&key));
    let opened = served.decrypt(None, made.ciphertext_blob.unwrap()).await?;
    assert_eq!(opened.as_ref().len(), 32);
    Ok(())
}

#[tokio::test]
async fn a_data_key_needs_exactly_one_length_in_range() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    for (spec, bytes) in [
        (None, None),
        (Some(DataKeySpec::Aes256), Some(32)),
        (None, Some(0)),
        (None, Some(-1)),
        (None, Some(1025)),
        (Some(DataKeySpec::from("AES_512")), None),
    ] {
        let request = served.client.generate_data_key().key_id(&key);
        let request = request.set_key_spec(spec).set_number_of_bytes(bytes);
        assert_eq!(code(request.send().await), "ValidationException");
    }
    Ok(())
}

#[tokio::test]
async fn every_kind_of_reference_names_the_key_and_answers_carry_its_arn() -> Tested {
    let served = memory().await?;
    let key = served.kms.key("alias/shares", false)?;
    let alias_arn = format!("{ARN_PREFIX}alias/shares");
    for reference in [id_of(&key), &key, "alias/shares", &alias_arn] {
        let request = served.client.encrypt().key_id(reference);
        let encrypted = request.plaintext(secret()).send().await?;
        assert_eq!(encrypted.key_id.as_ref(), Some(&key));
        let blob = encrypted.ciphertext_blob.unwrap();
        let request = served.client.decrypt().key_id(reference);
        let decrypted = request.ciphertext_blob(blob).send().await?;
        assert_eq!(decrypted.key_id.as_ref(), Some(&key));
        assert_eq!(decrypted.plaintext, Some(secret()));
    }
    Ok(())
}

#[tokio::test]
async fn a_plaintext_has_1_to_4096_bytes() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    for (length, allowed) in [(0, false), (1, true), (4096, true), (4097, false)] {
        let request = served.client.encrypt().key_id(&key);
        let request = request.plaintext(Blob::new(vec![7; length])).send();
        if allowed {
            request.await?;
        } else {
            assert_eq!(code(request.await), "ValidationException");
        }
    }
    Ok(())
}

#[tokio::test]
async fn only_the_very_encryption_context_opens() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let blob = served.encrypt(&key).await?;
    let contexts: [&[(&str, &str)]; 5] = [
        &[],
        &[("client", "bob")],
        &[("Client", "alice")],
        &[("client", "alice"), ("more", "")],
        &[("clienta", "lice")],
    ];
    for context in contexts {
        let mut request = served.client.decrypt().key_id(&key);
        for (name, value) in context {
            request = request.encryption_context(*name, *value);
        }
        let refused = refusal(request.ciphertext_blob(blob.clone()).send().await);
        assert!(refused.is_invalid_ciphertext_exception(), "{context:?}");
    }
    assert_eq!(served.decrypt(Some(&key), blob).await?, secret());
    Ok(())
}

#[tokio::test]
async fn an_encryption_context_over_8192_characters_is_refused() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let request = served.client.encrypt().key_id(&key).plaintext(secret());
    let request = request.encryption_context("client", "a".repeat(8192));
    assert_eq!(code(request.send().await), "ValidationException");
    Ok(())
}

#[tokio::test]
async fn no_changed_byte_of_a_ciphertext_opens() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let blob = served.encrypt(&key).await?.into_inner();
    for named in [None, Some(key)] {
        for position in 0..blob.len() {
            let mut changed = blob.clone();
            changed[position] ^= 1;
            let request = served.client.decrypt().set_key_id(named.clone());
            let request = request.ciphertext_blob(Blob::new(changed));
            let request = request.encryption_context("client", "alice");
            let refused = refusal(request.send().await);
            assert!(refused.is_invalid_ciphertext_exception(), "{position}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn another_key_than_the_ciphertexts_is_incorrect() -> Tested {
    let served = memory().await?;
    let (key, other) = (served.create_key().await?, served.create_key().await?);
    let blob = served.encrypt(&key).await?;
    let decrypt = served.client.decrypt().ciphertext_blob(blob.clone());
    let decrypt = decrypt.key_id(&other).encryption_context("client", "alice");
    assert!(refusal(decrypt.send().await).is_incorrect_key_exception());
    let re_encrypt = served.client.re_encrypt().ciphertext_blob(blob);
    let re_encrypt = re_encrypt.source_key_id(&other).destination_key_id(&key);
    let re_encrypt = re_encrypt.source_encryption_context("client", "alice");
    assert!(refusal(re_encrypt.send().await).is_incorrect_key_exception());
    Ok(())
}

#[tokio::test]
async fn an_unknown_key_is_not_found() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let blob = served.encrypt(&key).await?;
    let unknown = UNKNOWN_KEY;
    let kms = &served.client;
    let generate = kms.generate_data_key().key_id(unknown);
    let generate = generate.key_spec(DataKeySpec::Aes256).send();
    assert!(refusal(generate.await).is_not_found_exception());
    let encrypt = kms.encrypt().key_id("alias/none").plaintext(secret());
    assert!(refusal(encrypt.send().await).is_not_found_exception());
    let decrypt = kms.decrypt().key_id(unknown).ciphertext_blob(blob.clone());
    assert!(refusal(decrypt.send().await).is_not_found_exception());
    let re_encrypt = kms.re_encrypt().destination_key_id(unknown);
    let re_encrypt = re_encrypt.ciphertext_blob(blob).send();
    assert!(refusal(re_encrypt.await).is_not_found_exception());
    let describe = kms.describe_key().key_id(unknown).send();
    assert!(refusal(describe.await).is_not_found_exception());
    let enable = kms.enable_key().key_id(unknown).send();
    assert!(refusal(enable.await).is_not_found_exception());
    let disable = kms.disable_key().key_id(unknown).send();
    assert!(refusal(disable.await).is_not_found_exception());
    let delete = kms.schedule_key_deletion().key_id(unknown).send();
    assert!(refusal(delete.await).is_not_found_exception());
    let alias = kms.create_alias().alias_name("alias/shares");
    let alias = alias.target_key_id(unknown).send();
    assert!(refusal(alias.await).is_not_found_exception());
    Ok(())
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() -> Tested {
    let served = memory().await?;
    let (key, other) = (served.create_key().await?, served.create_key().await?);
    let blob = served.encrypt(&key).await?;
    let of_other = served.encrypt(&other).await?;
    let kms = &served.client;
    kms.disable_key().key_id(&key).send().await?;

    let generate = kms.generate_data_key().key_id(&key).number_of_bytes(32);
    assert!(refusal(generate.send().await).is_disabled_exception());
    let generate = kms.generate_data_key_without_plaintext().key_id(&key);
    let generate = generate.number_of_bytes(32).send();
    assert!(refusal(generate.await).is_disabled_exception());
    let encrypt = kms.encrypt().key_id(&key).plaintext(secret());
    assert!(refusal(encrypt.send().await).is_disabled_exception());
    for named in [None, Some(key.clone())] {
        let decrypt = kms.decrypt().set_key_id(named);
        let decrypt = decrypt.ciphertext_blob(blob.clone());
        assert!(refusal(decrypt.send().await).is_disabled_exception());
    }
    for (blob, destination) in [(&blob, &other), (&of_other, &key)] {
        let re_encrypt = kms.re_encrypt().ciphertext_blob(blob.clone());
        let re_encrypt = re_encrypt.source_encryption_context("client", "alice");
        let re_encrypt = re_encrypt.destination_key_id(destination).send();
        assert!(refusal(re_encrypt.await).is_disabled_exception());
    }

    kms.enable_key().key_id(&key).send().await?;
    assert_eq!(served.decrypt(Some(&key), blob).await?, secret());
    Ok(())
}

#[tokio::test]
async fn a_key_pending_deletion_does_nothing_and_stays_so() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let blob = served.encrypt(&key).await?;
    let kms = &served.client;
    kms.schedule_key_deletion().key_id(&key).send().await?;

    let generate = kms.generate_data_key().key_id(&key).number_of_bytes(32);
    assert!(refusal(generate.send().await).is_kms_invalid_state_exception());
    let encrypt = kms.encrypt().key_id(&key).plaintext(secret());
    assert!(refusal(encrypt.send().await).is_kms_invalid_state_exception());
    let decrypt = kms.decrypt().ciphertext_blob(blob.clone()).send();
    assert!(refusal(decrypt.await).is_kms_invalid_state_exception());
    let re_encrypt = kms.re_encrypt().ciphertext_blob(blob);
    let re_encrypt = re_encrypt.destination_key_id(&key).send();
    assert!(refusal(re_encrypt.await).is_kms_invalid_state_exception());
    let enable = kms.enable_key().key_id(&key).send();
    assert!(refusal(enable.await).is_kms_invalid_state_exception());
    let disable = kms.disable_key().key_id(&key).send();
    assert!(refusal(disable.await).is_kms_invalid_state_exception());
    let again = kms.schedule_key_deletion().key_id(&key).send();
    assert!(refusal(again.await).is_kms_invalid_state_exception());
    let alias = kms.create_alias().alias_name("alias/shares");
    let alias = alias.target_key_id(&key).send();
    assert!(refusal(alias.await).is_kms_invalid_state_exception());
    Ok(())
}

#[tokio::test]
async fn deletion_waits_7_to_30_days_and_30_unless_told() -> Tested {
    let served = memory().await?;
    let kms = &served.client;
    for (asked, days) in [(None, 30), (Some(7), 7), (Some(30), 30)] {
        let key = served.create_key().await?;
        let request = kms.schedule_key_deletion().key_id(&key);
        let scheduled = request.set_pending_window_in_days(asked).send().await?;
        assert_eq!(scheduled.key_id.as_ref(), Some(&key));
        assert_eq!(scheduled.key_state, Some(KeyState::PendingDeletion));
        assert_eq!(scheduled.pending_window_in_days, Some(days));
        let described = kms.describe_key().key_id(&key).send().await?;
        let metadata = described.key_metadata.unwrap();
        assert_eq!(metadata.key_state, Some(KeyState::PendingDeletion));
        assert_eq!(metadata.deletion_date, scheduled.deletion_date);
        let waits = scheduled.deletion_date.unwrap().secs() - metadata.creation_date.unwrap().secs();
        assert_eq!(waits / DAY, i64::from(days));
    }
    let key = served.create_key().await?;
    for days in [-1, 0, 6, 31] {
        let request = kms.schedule_key_deletion().key_id(&key);
        let request = request.pending_window_in_days(days).send();
        assert_eq!(code(request.await), "ValidationException");
    }
    Ok(())
}

#[tokio::test]
async fn a_new_key_is_symmetric_enabled_and_described_as_it_was_made() -> Tested {
    let served = memory().await?;
    let request = served.client.create_key().description("client shares");
    let request = request.key_spec(KeySpec::SymmetricDefault);
    let request = request.key_usage(KeyUsageType::EncryptDecrypt);
    let created = request.send().await?.key_metadata.unwrap();
    let id = id_of(created.arn().unwrap());
    assert_eq!((id, id.len()), (created.key_id(), 36));
    assert_eq!(created.aws_account_id(), Some("000000000000"));
    assert_eq!(created.description(), Some("client shares"));
    assert_eq!(created.key_spec(), Some(&KeySpec::SymmetricDefault));
    assert_eq!(created.key_usage(), Some(&KeyUsageType::EncryptDecrypt));
    assert_eq!(created.key_state(), Some(&KeyState::Enabled));
    assert!(created.enabled());
    assert_eq!(created.multi_region(), Some(false));

    let describe = served.client.describe_key().key_id(id);
    let described = describe.send().await?.key_metadata.unwrap();
    assert_eq!(described, created);
    served.client.disable_key().key_id(id).send().await?;
    let describe = served.client.describe_key().key_id(id);
    let disabled = describe.send().await?.key_metadata.unwrap();
    assert_eq!(disabled.key_state(), Some(&KeyState::Disabled));
    assert!(!disabled.enabled());
    Ok(())
}

#[tokio::test]
async fn a_multi_region_key_says_so_in_its_id() -> Tested {
    let served = memory().await?;
    let request = served.client.create_key().multi_region(true);
    let created = request.send().await?.key_metadata.unwrap();
    assert!(created.key_id().starts_with("mrk-"));
    assert_eq!(created.multi_region(), Some(true));
    let regions = created.multi_region_configuration().unwrap();
    let kind = regions.multi_region_key_type();
    assert_eq!(kind, Some(&MultiRegionKeyType::Primary));
    assert_eq!(regions.primary_key().unwrap().arn(), created.arn());
    Ok(())
}

#[tokio::test]
async fn other_kinds_of_keys_are_refused() -> Tested {
    let served = memory().await?;
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256, KeySpec::Hmac256] {
        let request = served.client.create_key().key_spec(spec);
        let refused = refusal(request.send().await);
        assert!(refused.is_unsupported_operation_exception());
    }
    let request = served.client.create_key();
    let request = request.key_usage(KeyUsageType::SignVerify).send();
    assert_eq!(code(request.await), "ValidationException");
    Ok(())
}

#[tokio::test]
async fn an_alias_is_taken_once_and_is_well_formed() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let alias = |name: &str| {
        let request = served.client.create_alias().alias_name(name);
        request.target_key_id(&key).send()
    };
    alias("alias/shares").await?;
    let again = refusal(alias("alias/shares").await);
    assert!(again.is_already_exists_exception());
    assert_eq!(code(alias("shares").await), "ValidationException");
    assert_eq!(code(alias("alias/a:b").await), "ValidationException");
    assert_eq!(code(alias("alias/aws/s3").await), "NotAuthorizedException");
    Ok(())
}

#[tokio::test]
async fn re_encryption_moves_a_ciphertext_and_leaves_the_old_one() -> Tested {
    let served = memory().await?;
    let (old, new) = (served.create_key().await?, served.create_key().await?);
    let blob = served.encrypt(&old).await?;
    let request = served.client.re_encrypt().ciphertext_blob(blob.clone());
    let request = request.source_encryption_context("client", "alice");
    let request = request.destination_encryption_context("client", "alice");
    let moved = request.destination_key_id(&new).send().await?;
    assert_eq!(moved.source_key_id.as_ref(), Some(&old));
    assert_eq!(moved.key_id.as_ref(), Some(&new));
    let moved = moved.ciphertext_blob.unwrap();
    assert_eq!(served.decrypt(Some(&new), moved).await?, secret());
    assert_eq!(served.decrypt(Some(&old), blob).await?, secret());
    Ok(())
}

#[tokio::test]
async fn re_encryption_needs_the_source_context() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let request = served.client.re_encrypt().destination_key_id(&key);
    let request = request.ciphertext_blob(served.encrypt(&key).await?);
    let refused = refusal(request.send().await);
    assert!(refused.is_invalid_ciphertext_exception());
    Ok(())
}

#[tokio::test]
async fn keys_and_their_states_survive_a_restart() -> Tested {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.json");
    let served = Served::start(Kms::open(&file)?).await?;
    let key = served.kms.key("alias/shares", true)?;
    let blob = served.encrypt(&key).await?;
    served.client.disable_key().key_id(&key).send().await?;
    served.stop().await?;

    let served = Served::start(Kms::open(&file)?).await?;
    assert_eq!(served.kms.key("alias/shares", true)?, key);
    let decrypt = served.client.decrypt().ciphertext_blob(blob.clone());
    assert!(refusal(decrypt.send().await).is_disabled_exception());
    served.client.enable_key().key_id(&key).send().await?;
    assert_eq!(served.decrypt(Some("alias/shares"), blob).await?, secret());
    Ok(())
}

/// A copy of the file at that moment is what `kill -9` would leave.
#[tokio::test]
async fn whatever_was_answered_is_in_the_file() -> Tested {
    let folder = tempfile::tempdir()?;
    let (file, copy) = (folder.path().join("keys"), folder.path().join("copy"));
    let served = Served::start(Kms::open(&file)?).await?;
    for _ in 0..8 {
        let key = served.create_key().await?;
        let blob = served.encrypt(&key).await?;
        fs::copy(&file, &copy)?;
        let restarted = Served::start(Kms::open(&copy)?).await?;
        assert_eq!(restarted.decrypt(Some(&key), blob).await?, secret());
        restarted.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_refused_and_not_made() -> Tested {
    let folder = tempfile::tempdir()?;
    let served = Served::start(Kms::open(&folder.path().join("keys"))?).await?;
    let key = served.create_key().await?;
    folder.close()?;
    let create = served.client.create_key().send();
    assert!(refusal(create.await).is_kms_internal_exception());
    let disable = served.client.disable_key().key_id(&key).send();
    assert!(refusal(disable.await).is_kms_internal_exception());
    assert!(served.kms.key("alias/shares", false).is_err());
    served.encrypt(&key).await?;
    Ok(())
}

#[test]
fn an_alias_asked_for_by_many_at_once_gets_one_key() -> Tested {
    let folder = tempfile::tempdir()?;
    let kms = Kms::open(&folder.path().join("keys.json"))?;
    let asked = || kms.key("alias/shares", false);
    let keys: Vec<_> = thread::scope(|scope| {
        let asking = [(); 8].map(|()| scope.spawn(asked));
        asking.map(|thread| thread.join().unwrap().unwrap()).into()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_ne!(kms.key("alias/other", false)?, keys[0]);
    Ok(())
}

#[tokio::test]
async fn the_trail_shows_each_call_with_key_context_and_refusal() -> Tested {
    let served = memory().await?;
    let key = served.kms.key("alias/shares", false)?;
    let blob = served.encrypt("alias/shares").await?;
    served.decrypt(None, blob.clone()).await?;
    let decrypt = served.client.decrypt().key_id(&key).ciphertext_blob(blob);
    refusal(decrypt.encryption_context("client", "bob").send().await);
    refusal(served.client.describe_key().key_id(UNKNOWN_KEY).send().await);

    let call = |operation: &str, key: &str, client: Option<&str>, error: Option<&str>| Call {
        operation: operation.to_owned(),
        key: Some(key.to_owned()),
        encryption_context: client.map(|c| ("client".into(), c.into())).into_iter().collect(),
        error: error.map(str::to_owned),
    };
    let expected = [
        call("Encrypt", &key, Some("alice"), None),
        call("Decrypt", &key, Some("alice"), None),
        call("Decrypt", &key, Some("bob"), Some("InvalidCiphertextException")),
        call("DescribeKey", UNKNOWN_KEY, None, Some("NotFoundException")),
    ];
    assert_eq!(served.kms.calls(), expected);
    Ok(())
}

#[tokio::test]
async fn a_failure_asked_for_comes_as_often_as_asked_and_only_there() -> Tested {
    let served = memory().await?;
    let key = served.create_key().await?;
    let blob = served.encrypt(&key).await?;
    served.kms.fail("Decrypt", "ThrottlingException", 2);
    served.encrypt(&key).await?;
    for _ in 0..2 {
        let decrypt = served.client.decrypt().ciphertext_blob(blob.clone());
        assert_eq!(code(decrypt.send().await), "ThrottlingException");
    }
    assert_eq!(served.decrypt(None, blob).await?, secret());

    served.kms.fail("CreateKey", "LimitExceededException", 1);
    let create = served.client.create_key().send();
    assert!(refusal(create.await).is_limit_exceeded_exception());
    served.create_key().await?;
    Ok(())
}

#[tokio::test]
async fn an_internal_failure_is_500_and_any_other_refusal_400() -> Tested {
    let served = memory().await?;
    served.kms.fail("CreateKey", "KMSInternalException", 1);
    for (target, status) in [("TrentService.CreateKey", 500), ("TrentService.Encrypt", 400)] {
        let answer = served.post(target, "{}").await?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() -> Tested {
    let served = memory().await?;
    let created = served.client.create_key().send().await?;
    let refused = refusal(served.client.describe_key().key_id(UNKNOWN_KEY).send().await);
    let ids = [created.request_id(), refused.request_id()].map(Option::unwrap);
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
    Ok(())
}

#[tokio::test]
async fn an_operation_that_is_not_here_is_unknown() -> Tested {
    let served = memory().await?;
    let targets = ["TrentService.ListKeys", "TrentService.", "Other.CreateKey", ""];
    for target in targets {
        let answer = served.post(target, "{}").await?;
        assert!(answer.contains(r#""__type":"UnknownOperationException""#), "{answer}");
        assert!(answer.contains("x-amzn-requestid: "), "{answer}");
    }
    let list = served.client.list_keys().send();
    assert_eq!(code(list.await), "UnknownOperationException");
    Ok(())
}

#[tokio::test]
async fn malformed_input_is_refused_whatever_is_wrong_with_it() -> Tested {
    let served = memory().await?;
    let encrypt = |fields: &str| format!(r#"{{"KeyId":"alias/a"{fields}}}"#);
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        encrypt(""),
        encrypt(r#","Plaintext":"?""#),
        encrypt(r#","Plaintext":5"#),
        encrypt(r#","Plaintext":"c2VjcmV0","EncryptionContext":{"client":5}"#),
        encrypt(r#","Plaintext":"c2VjcmV0","EncryptionAlgorithm":"RSAES_OAEP_SHA_1""#),
        encrypt(r#","Plaintext":"c2VjcmV0","DryRun":true"#),
        r#"{"KeyId":"","Plaintext":"c2VjcmV0"}"#.to_owned(),
    ] {
        let answer = served.post("TrentService.Encrypt", &body).await?;
        assert!(answer.contains(r#""__type":"ValidationException""#), "{answer}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    Ok(())
}
