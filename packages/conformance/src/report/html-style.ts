/** How the HTML report looks: system type, much air, one accent for each verdict, light and dark, from 320 px up, and on paper. */

export const style = `
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--ink:#1c1d21;--soft:#62656e;--line:#e4e4de;--wash:#f3f3ee;
--pass:#1f7a4d;--warn:#9a6200;--fail:#b3261e;--skip:#767a85;--pass-wash:#e7f3ec;--warn-wash:#fbf0dc;--fail-wash:#fbe9e7;--skip-wash:#eeeff1;--link:#2b59c3;
--sans:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#131417;--card:#1b1c20;--ink:#e9e9ec;--soft:#a0a3ad;--line:#2e3036;--wash:#232429;
--pass:#6cc799;--warn:#e5b25c;--fail:#ff8f84;--skip:#9a9eaa;--pass-wash:#1a3026;--warn-wash:#35290f;--fail-wash:#3d1c19;--skip-wash:#292b31;--link:#9db7ff}}
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0 auto;max-width:60rem;padding:clamp(1.5rem,6vw,5rem) clamp(1rem,4vw,2.5rem)}
h1,h2,h3,p,ul,ol,dl,dd{margin:0;padding:0}
ul,ol{list-style:none}
a{color:var(--link);text-underline-offset:.18em;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--link);outline-offset:3px;border-radius:4px}
code,pre{font-family:var(--mono);font-size:.84em;overflow-wrap:anywhere}
.over{font-size:.8rem;font-weight:600;letter-spacing:.02em;color:var(--soft)}
h1{font-size:clamp(1.9rem,1.2rem + 3.4vw,3.1rem);line-height:1.1;letter-spacing:-.028em;font-weight:680;margin:.5rem 0 1.1rem;text-wrap:balance}
header.fail h1{color:var(--fail)}
.tested{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
.when{color:var(--soft);font-size:.92rem;font-variant-numeric:tabular-nums;margin-top:.15rem}
.bar{display:flex;gap:3px;height:10px;margin:2.2rem 0 1rem}
.bar i{min-width:6px;border-radius:5px;background:var(--skip);flex-basis:0}
.bar .pass{background:var(--pass)}.bar .warn{background:var(--warn)}.bar .fail{background:var(--fail)}
.bar .skip{background:repeating-linear-gradient(135deg,var(--skip) 0 2px,transparent 2px 5px);opacity:.75}
.counts{display:grid;grid-template-columns:repeat(4,auto);justify-content:start;gap:.25rem clamp(1.4rem,6vw,3.5rem)}
.counts div{display:flex;flex-direction:column-reverse}
.counts dd{font-size:clamp(1.6rem,1.2rem + 1.6vw,2.2rem);font-weight:640;letter-spacing:-.02em;line-height:1.15;font-variant-numeric:tabular-nums}
.counts dt{color:var(--soft);font-size:.88rem}
.counts .pass dd{color:var(--pass)}.counts .warn dd{color:var(--warn)}.counts .fail dd{color:var(--fail)}.counts .skip dd{color:var(--skip)}
.counts .none dd{color:var(--soft);font-weight:400;opacity:.7}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;margin-top:1.9rem;font-size:.95rem}
section{margin-top:clamp(2.75rem,6vw,4.25rem);scroll-margin-top:1rem}
h2{font-size:1.42rem;letter-spacing:-.016em;line-height:1.25;font-weight:650}
.sum{color:var(--soft);margin:.15rem 0 1.1rem}
h2 + ul,h2 + ol{margin-top:1rem}
.modules,.skipped,.failures{border-top:1px solid var(--line)}
.module,.skipped>li,.failures>li{border-bottom:1px solid var(--line)}
summary{cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
.module>details>summary{display:grid;grid-template-columns:6.4rem 1fr auto;gap:.15rem 1rem;align-items:baseline;padding:.72rem .25rem}
.module>details>summary:hover,.skipped summary:hover{background:var(--wash)}
.module>details[open]>summary .claim{font-weight:620}
.claim::first-letter{text-transform:uppercase}
.claim{overflow-wrap:anywhere}
.many{color:var(--soft);font-size:.84rem;font-variant-numeric:tabular-nums;white-space:nowrap}
.module:target{scroll-margin-top:1rem}
.module:target>details>summary{background:var(--wash)}
.mark{display:inline-flex;align-items:center;gap:.5em;font-size:.84rem;color:var(--soft);white-space:nowrap}
.mark::before{content:"";width:.62rem;height:.62rem;border-radius:50%;background:var(--skip);flex:none}
.mark.pass::before{background:var(--pass)}
.mark.warn::before{background:var(--warn);border-radius:0;clip-path:polygon(50% 0,100% 100%,0 100%)}
.mark.fail::before{background:var(--fail);border-radius:1px}
.mark.skip::before{background:none;border:1.5px solid var(--skip)}
.mark.fail{color:var(--fail);font-weight:600}.mark.warn{color:var(--warn);font-weight:600}
.inside{padding:.25rem .25rem 1.6rem 7.65rem}
.findings>li{display:grid;grid-template-columns:1.1rem 1fr;gap:.5rem;padding:.42rem 0}
.findings .mark{align-items:flex-start;padding-top:.42rem}
.findings .mark span{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.findings .expected{text-wrap:pretty}
.findings .fail .expected{font-weight:600}
.seen{color:var(--soft);font-size:.92rem}
.seen b{font-weight:500}
.seen code{color:var(--ink)}
.fail .seen code{background:var(--fail-wash);border-radius:4px;padding:.08em .35em;box-decoration-break:clone;-webkit-box-decoration-break:clone}
.warn .seen code{background:var(--warn-wash);border-radius:4px;padding:.08em .35em}
.clause,.ids{color:var(--soft);font-size:.84rem}
.ids{margin-top:.9rem}
.wire{margin-top:.9rem}
.wire>summary,.plans summary{color:var(--link);font-size:.92rem;width:fit-content}
.wire>summary::before,.plans summary::before,.wire li summary::before{content:"";display:inline-block;width:.38rem;height:.38rem;border:solid currentColor;border-width:0 1.5px 1.5px 0;transform:rotate(-45deg);margin:0 .6em .12em .1em;transition:transform .12s;flex:none}
.wire[open]>summary::before,.plans details[open] summary::before,.wire li details[open] summary::before{transform:rotate(45deg)}
.wire ol{margin-top:.5rem;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.wire li{border-top:1px solid var(--line)}
.wire li:first-child{border-top:0}
.wire li summary{display:flex;align-items:baseline;gap:.1rem;padding:.45rem .85rem}
.wire li summary:hover{background:var(--wash)}
.wire .line{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.wire .line b{font-weight:650}
.wire .status{margin-left:.9rem;font-variant-numeric:tabular-nums;color:var(--soft)}
.wire pre{margin:0;padding:.85rem;border-top:1px solid var(--line);background:var(--wash);white-space:pre-wrap;line-height:1.5;max-height:26rem;overflow:auto}
.wire .more{padding:.45rem .85rem;color:var(--soft);font-size:.84rem}
.failures>li{display:grid;gap:.05rem;padding:.7rem 0}
.failures a{font-weight:600;width:fit-content}
.failures a::first-letter{text-transform:uppercase}
.failures span{color:var(--soft);font-size:.94rem}
.plans{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16.5rem),1fr));gap:2rem 2.25rem}
.plans h3{font-size:1rem;font-weight:600}
.held{color:var(--soft);font-variant-numeric:tabular-nums}
.held b{color:var(--ink);font-weight:640}
.dots{display:flex;flex-wrap:wrap;gap:3px;margin:.5rem 0 .6rem}
.dots i{width:8px;height:8px;border-radius:50%;background:var(--line)}
.dots .pass{background:var(--pass)}.dots .warn{background:var(--warn)}.dots .fail{background:var(--fail);border-radius:1px}
.dots .skip,.dots .not-run{background:none;border:1.5px solid var(--skip)}
.plans li li{font-size:.84rem;color:var(--soft);padding:.12rem 0}
.plans details ul{margin-top:.35rem}
.skipped summary{display:flex;gap:1rem;justify-content:space-between;align-items:baseline;padding:.7rem .25rem}
.skipped summary span:first-child{min-width:0;overflow-wrap:anywhere}
.skipped li ul{padding:0 .25rem .9rem}
.skipped li li{color:var(--soft);font-size:.94rem;padding:.08rem 0}
.skipped li li::first-letter{text-transform:uppercase}
footer{margin-top:4rem;padding-top:1.2rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
@media (max-width:40rem){
.module>details>summary{grid-template-columns:1fr auto}
.module>details>summary .claim{grid-column:1/-1;grid-row:2}
.inside{padding-left:.25rem}
.counts{gap:.25rem;justify-content:space-between}}
@media (prefers-reduced-motion:reduce){.wire *::before,.plans *::before{transition:none!important}}
@media print{body{max-width:none;padding:0}.wire{display:none}.module{break-inside:avoid}}
`.trim()
