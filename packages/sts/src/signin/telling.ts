export { secondsUntil, sentences, tellPause, tellTriesLeft } from '../http/telling.ts'
