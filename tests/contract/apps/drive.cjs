// Does with the page's code what a user does: a backup, one more that is interrupted, a recovery. Prints what Portal saw.
// Arguments: the platform's file, the URL of the client's shares, a token.

const [platform, url, token] = process.argv.slice(2)
const { Custodian } = require('./out/custodian')
const { backUp, recover } = require(`./out/${platform}`)

const told = []
const tried = []
const tell = async (...what) => void told.push(what)

// Only the pair of the first backup is complete.
const portal = {
  api: { storedClientBackupShare: tell },
  backupWallet: async () => {
    const cipherText = 'complete'
    return platform === 'web' ? { cipherText, storageCallback: tell } : cipherText
  },
  recoverWallet: async (cipherText) => {
    tried.push(cipherText)
    if (cipherText !== 'complete') throw new Error('no complete pair')
  },
}

async function main() {
  let asked = 0
  const custodian = new Custodian(url, async (fresh) => (fresh || asked++ > 0 ? token : 'has ended'))
  await backUp(portal, custodian)
  await custodian.ask('/backup', { backupMethod: 'gdrive', cipherText: 'alone' })
  await recover(portal, custodian)
  const refused = await custodian.ask('/backup?backupMethod=ICLOUD').catch((error) => error)
  console.log(JSON.stringify({ told: told.length, tried, refused: [refused.status, refused.code] }))
}

main()
