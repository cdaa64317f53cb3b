export { renderQrCode } from '../../http/qr-code.ts'
