#!/usr/bin/env bash
# Two people from nothing: a clone, an empty HOME, the README's two lines for talking in two terminals.
# They have five minutes until each has read the other. Then both terminals are closed and opened again.
# Usage: talk.sh; needs git, tmux and what ./run installs. Last line: 'N passed, N failed'.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap tidy EXIT

mapfile -t lines < <(readme_commands | grep '^\./run chat ')
((${#lines[@]} == 2)) || { failed "the README has ${#lines[@]} lines to talk, not 2" && ends; }

fresh_clone
terminal raya "${lines[0]}"
shows raya "build and start" 'make an identity' 280 || ends
built=$((SECONDS - started))
first_start raya 'correct horse' || ends
terminal sam "${lines[1]}"
shows sam "second start" 'make an identity' 60
first_start sam 'battery staple' || ends
shows raya "the two processes find each other" 'online, 1 peer'

# sam copies raya's card
from=$SECONDS
closes sam
t send-keys -t sam -l '/contact '
selected_card raya | paste sam
closes raya # before something comes: Escape takes the line that tells of it
keys sam Enter
shows sam "the card is taken" 'Write: it arrives' || ends
type_in sam 'hello raya'
shows raya "a first message" 'has written for the first time' 60
contacted=$((SECONDS - from))
keys raya C-n
shows raya "its text" 'hello raya'
type_in raya /accept
shows raya "accepted" 'Accepted.'
type_in raya 'hello sam'
shows sam "an answer" 'hello sam' 30
all=$((SECONDS - started))

# both go, and come at the same time
type_in raya /quit
type_in sam /quit
shows raya "the shell" 'prompt>'
shows sam "the shell" 'prompt>'
type_in raya 'clear; times | tail -1'
sleep 0.5
work=$(screen raya | sed -n 's/^\([0-9]*\)m\([0-9]*\)[.].*s \([0-9]*\)m\([0-9]*\)[.].*s$/\1 * 60 + \2 + \3 * 60 + \4/p')
work=$(((${work:-0}) / $(nproc)))
type_in raya "clear; ${lines[0]}"
type_in sam "clear; ${lines[1]}"
shows raya "locked" 'The passphrase, please.' 60 && type_in raya 'correct horse'
shows sam "locked" 'The passphrase, please.' 60 && type_in sam 'battery staple'
shows raya "what was said" 'hello raya'
shows sam "what was said" 'hello sam'
type_in sam 'back again'
shows raya "they talk on" 'back again' 30
type_in raya 'me too'
shows sam "they talk on" 'me too' 30
type_in raya /quit
type_in sam /quit
shows raya "the shell" 'prompt>'
shows sam "the shell" 'prompt>'

# Where others use the machine, the build counts as long as it would have taken alone.
counted=$((work > 0 && work < built ? all - built + work : all))
if ((counted < 300)); then ok; else failed "they needed $all s, and $counted s on a quiet machine"; fi
echo "clone and build $built s ($work s of all cores); card to first message $contacted s; both had read after $all s"
ends
