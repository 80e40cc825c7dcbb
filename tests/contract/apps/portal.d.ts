// What docs/apps.md calls of Portal's SDKs, as their sources have it.

declare module '@portal-hq/web' {
  // 3.4.1
  export enum BackupMethods {
    gdrive = 'GDRIVE',
    password = 'PASSWORD',
    passkey = 'PASSKEY',
    unknown = 'UNKNOWN',
  }
  interface BackupConfigs {
    passwordStorage?: { password: string }
  }
  type Progress = (status: { status: string; done: boolean }) => void | Promise<void>
  export default class Portal {
    backupWallet(
      backupMethod: BackupMethods,
      progress?: Progress,
      backupConfigs?: BackupConfigs,
    ): Promise<{ cipherText: string; storageCallback: () => Promise<void> }>
    recoverWallet(
      cipherText: string,
      backupMethod: BackupMethods,
      backupConfigs?: BackupConfigs,
      progress?: Progress,
    ): Promise<string>
  }
}

declare module '@portal-hq/core' {
  // 4.9.0
  export enum BackupMethods {
    Custom = 'custom',
    Firebase = 'firebase',
    GoogleDrive = 'gdrive',
    Password = 'password',
    Passkey = 'passkey',
    Unknown = 'unknown',
    iCloud = 'icloud',
  }
  interface BackupConfigs {
    passwordStorage?: { password: string }
  }
  type Progress = (status: { status: string; done: boolean }) => void | Promise<void>
  export class Portal {
    api: {
      storedClientBackupShare(
        success: boolean,
        backupMethod?: 'CUSTOM' | 'GDRIVE' | 'ICLOUD' | 'PASSKEY' | 'PASSWORD' | 'FIREBASE' | 'UNKNOWN',
      ): Promise<void>
    }
    backupWallet(
      method: BackupMethods,
      progress?: Progress,
      backupConfig?: BackupConfigs,
      traceId?: string,
    ): Promise<string>
    recoverWallet(
      cipherText: string | undefined,
      method: BackupMethods,
      progress?: Progress,
      backupConfig?: BackupConfigs,
      traceId?: string,
    ): Promise<Record<string, string | undefined>>
  }
}
