/**
 * What is guessed first, reduced to lower case. Length alone refuses anything shorter than eight characters, so the list
 * holds eight and more. Rules in password-rules.ts catch what differs only by digits and signs around one of these words.
 */
const phrases = `
  12345678 123456789 1234567890 0123456789 12341234 11223344 87654321 987654321 0987654321 13579246 12344321 11112222
  123123123 147258369 159753456 741852963 123654789 11235813 31415926 27182818 10203040 19871987 20202020 20252025
  1q2w3e4r 1q2w3e4r5t q1w2e3r4 q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc zaq12wsx zaq1zaq1 qazwsxedc qweasdzxc qwer1234 asdf1234
  qwertyui qwertyuiop qwertzui qwertzuiop azertyuiop asdfghjk asdfghjkl zxcvbnm1 yxcvbnm1 qwe123qwe qweqweqwe asdasdasd
  abcd1234 abc12345 abcdefgh abcdefghi a1b2c3d4 aa123456 aaa11111 abcabcabc 1234abcd 1234qwer 12qwaszx
  password passw0rd p4ssw0rd p4ssword passwort passwort1 kennwort motdepasse contrasena wachtwoord senha123 parola123
  mypassword yourpassword nopassword newpassword oldpassword password1 passwords changeme changeit changethis letmein1
  letmeinn welcome1 welcome123 welcome2 willkommen bienvenue benvenuto bienvenido administrator administrador admin123
  adminadmin admin1234 rootroot rootpass toortoor testtest test1234 testuser testpass temp1234 temporary default1
  iloveyou iloveyou1 iloveyou2 ilovegod loveyou1 lovelove forever1 sunshine sunshine1 princess princess1 babygirl
  butterfly chocolate football football1 baseball baseball1 basketball superman superman1 spiderman batman123 starwars
  starwars1 pokemon1 pokemon123 minecraft nintendo dragon123 monkey123 michelle michael1 jennifer jessica1 charlie1
  jordan23 jonathan samantha christian alexander alexandra elizabeth nicholas patricia victoria veronica benjamin
  computer computer1 internet internet1 microsoft windows10 whatever whatever1 trustno1 mustang1 corvette mercedes
  ferrari1 porsche1 liverpool liverpool1 barcelona realmadrid manchester arsenal1 chelsea1 juventus bayern123 schalke04
  schatz123 hallo123 hallohallo sommer2024 sommer2025 summer2024 summer2025 summer2026 winter2024 winter2025 winter2026
  spring2025 spring2026 autumn2025 frühling fruehling geheim123 geheimnis secret123 secretsecret topsecret nothing1
  qwerty12 qwerty123 qwerty1234 qwerty12345 qwertz123 azerty123 access14 access123 master123 masterkey passport
  password12 password123 password1234 password12345 password2024 password2025 password2026 p@ssw0rd p@ssword pa55word
  pa$$word pa$$w0rd correcthorsebatterystaple opensesame sesameopen thankyou thankyou1 goodluck godisgood blessed1
  jesuschrist angel123 friends1 family123 mother123 snoopy12 garfield scooby12 hunter12 tigger12 rainbow1 purple12
  flower12 cookie12 pepper12 ginger12 banana12 orange12 silver12 diamond1 golden12 maverick phoenix1 creative
  mailserver mailbox1 exchange exchange1 outlook1 outlook123 postmaster webmaster hostmaster
`

export const commonPasswords: ReadonlySet<string> = new Set(phrases.trim().split(/\s+/))

/** Words that make a password no better when digits or signs are put around them. */
export const commonWords: ReadonlySet<string> = new Set(
  `password passwort kennwort motdepasse qwerty qwertz azerty welcome willkommen bienvenue letmein changeme admin administrator
   administrador root test testing secret geheim iloveyou sunshine princess football baseball superman batman starwars pokemon
   dragon monkey master michael jennifer jessica charlie jordan hallo hello schatz sommer summer winter spring autumn computer
   internet microsoft windows outlook exchange login user default temporary postern mail mailbox`
    .trim()
    .split(/\s+/),
)
