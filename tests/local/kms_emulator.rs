//! The embedded KMS refuses what KMS refuses, as the AWS SDK sees it.

use std::{error::Error, fs, io, thread};

use aws_sdk_kms::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::{DataKeySpec, KeySpec, KeyState},
};
use local::kms::{Call, Kms};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::support::system::aws_at;

type Tested = Result<(), Box<dyn Error>>;

const UNKNOWN_KEY: &str = "12345678-1234-1234-1234-123456789012";

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
        let url = format!("http://{address}");
        let client = aws_at(&url, &url).kms;
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
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

    /// A key of each name.
    fn keys<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        names.map(|name| self.kms.key(name, false).unwrap())
    }

    /// A data key of alice's: its plaintext and its ciphertext.
    async fn data_key(&self, key: &str) -> Result<(Blob, Blob), Box<dyn Error>> {
        let request = self.client.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
        let made = request.encryption_context("client", "alice").send().await?;
        assert_eq!(made.key_id.as_deref(), Some(key));
        Ok((made.plaintext.ok_or("no plaintext")?, made.ciphertext_blob.ok_or("no ciphertext")?))
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

#[tokio::test]
async fn a_data_key_has_32_bytes_and_opens_again_by_id_and_arn() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let (plaintext, blob) = served.data_key(&key).await?;
    assert_eq!(plaintext.as_ref().len(), 32);
    for named in [None, Some(&*key), key.rsplit('/').next()] {
        assert_eq!(served.decrypt(named, blob.clone()).await?, plaintext, "{named:?}");
    }
    assert_ne!(served.data_key(&key).await?.0, plaintext);
    Ok(())
}

#[tokio::test]
async fn only_the_very_encryption_context_opens() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let (plaintext, blob) = served.data_key(&key).await?;
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
    assert_eq!(served.decrypt(Some(&key), blob).await?, plaintext);
    Ok(())
}

#[tokio::test]
async fn an_encryption_context_over_8192_characters_is_refused() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let request = served.client.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
    let request = request.encryption_context("client", "a".repeat(8192));
    assert_eq!(code(request.send().await), "ValidationException");
    Ok(())
}

#[tokio::test]
async fn no_changed_byte_of_a_ciphertext_opens() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let blob = served.data_key(&key).await?.1.into_inner();
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
    let [key, other] = served.keys(["shares", "others"]);
    let (_, blob) = served.data_key(&key).await?;
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
    let [key] = served.keys(["shares"]);
    let (_, blob) = served.data_key(&key).await?;
    let kms = &served.client;
    for unknown in [UNKNOWN_KEY, "shares", "alias/shares"] {
        let generate = kms.generate_data_key().key_id(unknown).key_spec(DataKeySpec::Aes256).send();
        assert!(refusal(generate.await).is_not_found_exception());
        let decrypt = kms.decrypt().key_id(unknown).ciphertext_blob(blob.clone());
        assert!(refusal(decrypt.send().await).is_not_found_exception());
        let re_encrypt = kms.re_encrypt().destination_key_id(unknown).ciphertext_blob(blob.clone());
        assert!(refusal(re_encrypt.send().await).is_not_found_exception());
        let describe = kms.describe_key().key_id(unknown).send();
        assert!(refusal(describe.await).is_not_found_exception());
        let enable = kms.enable_key().key_id(unknown).send();
        assert!(refusal(enable.await).is_not_found_exception());
        let disable = kms.disable_key().key_id(unknown).send();
        assert!(refusal(disable.await).is_not_found_exception());
    }
    Ok(())
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() -> Tested {
    let served = memory().await?;
    let [key, other] = served.keys(["shares", "others"]);
    let (plaintext, blob) = served.data_key(&key).await?;
    let (_, of_other) = served.data_key(&other).await?;
    let kms = &served.client;
    kms.disable_key().key_id(&key).send().await?;
    let generate = kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
    assert!(refusal(generate.send().await).is_disabled_exception());
    for named in [None, Some(key.clone())] {
        let decrypt = kms.decrypt().set_key_id(named).ciphertext_blob(blob.clone());
        assert!(refusal(decrypt.send().await).is_disabled_exception());
    }
    for (blob, destination) in [(&blob, &other), (&of_other, &key)] {
        let re_encrypt = kms.re_encrypt().ciphertext_blob(blob.clone());
        let re_encrypt = re_encrypt.source_encryption_context("client", "alice");
        let re_encrypt = re_encrypt.destination_key_id(destination).send();
        assert!(refusal(re_encrypt.await).is_disabled_exception());
    }
    kms.enable_key().key_id(&key).send().await?;
    assert_eq!(served.decrypt(Some(&key), blob).await?, plaintext);
    Ok(())
}

#[tokio::test]
async fn a_key_is_described_as_it_is() -> Tested {
    let served = memory().await?;
    for (name, multi_region) in [("one", false), ("several", true)] {
        let arn = served.kms.key(name, multi_region)?;
        for (state, enabled) in [(KeyState::Enabled, true), (KeyState::Disabled, false)] {
            let described = served.client.describe_key().key_id(&arn).send().await?.key_metadata.unwrap();
            assert_eq!(described.arn(), Some(&*arn));
            assert_eq!(described.key_id().starts_with("mrk-"), multi_region);
            assert_eq!(described.multi_region(), Some(multi_region));
            assert_eq!(described.key_spec(), Some(&KeySpec::SymmetricDefault));
            assert_eq!((described.key_state(), described.enabled()), (Some(&state), enabled));
            served.client.disable_key().key_id(&arn).send().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn re_encryption_moves_a_ciphertext_and_leaves_the_old_one() -> Tested {
    let served = memory().await?;
    let [old, new] = served.keys(["old", "new"]);
    let (plaintext, blob) = served.data_key(&old).await?;
    let request = served.client.re_encrypt().ciphertext_blob(blob.clone());
    let request = request.source_encryption_context("client", "alice");
    let request = request.destination_encryption_context("client", "alice");
    let moved = request.destination_key_id(&new).send().await?;
    assert_eq!(moved.source_key_id.as_ref(), Some(&old));
    assert_eq!(moved.key_id.as_ref(), Some(&new));
    let moved = moved.ciphertext_blob.unwrap();
    assert_eq!(served.decrypt(Some(&new), moved).await?, plaintext);
    assert_eq!(served.decrypt(Some(&old), blob).await?, plaintext);
    Ok(())
}

#[tokio::test]
async fn re_encryption_needs_the_source_context() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let request = served.client.re_encrypt().destination_key_id(&key);
    let request = request.ciphertext_blob(served.data_key(&key).await?.1);
    let refused = refusal(request.send().await);
    assert!(refused.is_invalid_ciphertext_exception());
    Ok(())
}

#[tokio::test]
async fn keys_and_their_states_survive_a_restart() -> Tested {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.json");
    let served = Served::start(Kms::open(&file)?).await?;
    let [key] = served.keys(["shares"]);
    let (plaintext, blob) = served.data_key(&key).await?;
    served.client.disable_key().key_id(&key).send().await?;
    served.stop().await?;

    let served = Served::start(Kms::open(&file)?).await?;
    assert_eq!(served.kms.key("shares", false)?, key);
    let decrypt = served.client.decrypt().ciphertext_blob(blob.clone());
    assert!(refusal(decrypt.send().await).is_disabled_exception());
    served.client.enable_key().key_id(&key).send().await?;
    assert_eq!(served.decrypt(Some(&key), blob).await?, plaintext);
    Ok(())
}

/// A copy of the file at that moment is what `kill -9` would leave.
#[tokio::test]
async fn whatever_was_answered_is_in_the_file() -> Tested {
    let folder = tempfile::tempdir()?;
    let (file, copy) = (folder.path().join("keys"), folder.path().join("copy"));
    let served = Served::start(Kms::open(&file)?).await?;
    for number in 0..8 {
        let key = served.kms.key(&number.to_string(), false)?;
        let (plaintext, blob) = served.data_key(&key).await?;
        fs::copy(&file, &copy)?;
        let restarted = Served::start(Kms::open(&copy)?).await?;
        assert_eq!(restarted.decrypt(Some(&key), blob).await?, plaintext);
        restarted.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_refused_and_not_made() -> Tested {
    let folder = tempfile::tempdir()?;
    let served = Served::start(Kms::open(&folder.path().join("keys"))?).await?;
    let [key] = served.keys(["shares"]);
    folder.close()?;
    let disable = served.client.disable_key().key_id(&key).send();
    assert!(refusal(disable.await).is_kms_internal_exception());
    let answer = served.post("TrentService.DisableKey", &format!(r#"{{"KeyId":"{key}"}}"#)).await?;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(served.kms.key("others", false).is_err());
    served.data_key(&key).await?;
    Ok(())
}

#[test]
fn a_key_asked_for_by_many_at_once_is_made_once() -> Tested {
    let folder = tempfile::tempdir()?;
    let kms = Kms::open(&folder.path().join("keys.json"))?;
    let asked = || kms.key("shares", false);
    let keys: Vec<_> = thread::scope(|scope| {
        let asking = [(); 8].map(|()| scope.spawn(asked));
        asking.map(|thread| thread.join().unwrap().unwrap()).into()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_ne!(kms.key("others", false)?, keys[0]);
    Ok(())
}

#[tokio::test]
async fn the_trail_shows_each_call_with_key_and_context_even_when_it_is_refused() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let (_, blob) = served.data_key(&key).await?;
    served.decrypt(None, blob.clone()).await?;
    let moved = served.client.re_encrypt().ciphertext_blob(blob).destination_key_id(&key);
    refusal(moved.destination_encryption_context("client", "bob").send().await);
    refusal(served.client.describe_key().key_id(UNKNOWN_KEY).send().await);
    let call = |operation: &str, key: Option<&str>, client: Option<&str>| Call {
        operation: operation.to_owned(),
        key: key.map(str::to_owned),
        encryption_context: client.map(|c| ("client".into(), c.into())).into_iter().collect(),
    };
    let expected = [
        call("GenerateDataKey", Some(&key), Some("alice")),
        call("Decrypt", None, Some("alice")),
        call("ReEncrypt", Some(&key), Some("bob")),
        call("DescribeKey", Some(UNKNOWN_KEY), None),
    ];
    assert_eq!(served.kms.calls(), expected);
    Ok(())
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() -> Tested {
    let served = memory().await?;
    let [key] = served.keys(["shares"]);
    let described = served.client.describe_key().key_id(key).send().await?;
    let refused = refusal(served.client.describe_key().key_id(UNKNOWN_KEY).send().await);
    let ids = [described.request_id(), refused.request_id()].map(Option::unwrap);
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
    Ok(())
}

#[tokio::test]
async fn an_operation_that_is_not_here_is_unknown() -> Tested {
    let served = memory().await?;
    for target in ["TrentService.Encrypt", "TrentService.CreateKey", "TrentService.", "Other.Decrypt", ""] {
        let answer = served.post(target, "{}").await?;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
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
    let decrypt = |fields: &str| format!(r#"{{"KeyId":"{UNKNOWN_KEY}"{fields}}}"#);
    let long = format!(r#","CiphertextBlob":"{}""#, "AAAA".repeat(2049));
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        decrypt(""),
        decrypt(r#","CiphertextBlob":"?""#),
        decrypt(r#","CiphertextBlob":"""#),
        decrypt(r#","CiphertextBlob":5"#),
        decrypt(&long),
        decrypt(r#","CiphertextBlob":"c2VjcmV0","EncryptionContext":{"client":5}"#),
        decrypt(r#","CiphertextBlob":"c2VjcmV0","DryRun":true"#),
    ] {
        let answer = served.post("TrentService.Decrypt", &body).await?;
        assert!(answer.contains(r#""__type":"ValidationException""#), "{answer}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    for fields in ["", r#","KeySpec":"AES_512""#, r#","KeySpec":"AES_256","NumberOfBytes":32"#] {
        let answer = served.post("TrentService.GenerateDataKey", &decrypt(fields)).await?;
        assert!(answer.contains(r#""__type":"ValidationException""#), "{answer}");
    }
    Ok(())
}
