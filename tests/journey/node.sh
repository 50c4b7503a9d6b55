#!/usr/bin/env bash
# A node from nothing: what the README says before and after the lines for talking, in an empty HOME.
# Usage: node.sh; needs git, tmux, curl and what ./run installs. Last line: 'N passed, N failed'.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap tidy EXIT

mapfile -t curls < <(readme_commands | grep '^curl ')
hosts=$(readme_commands | grep '^\./run node --chat')
readme_commands | grep -qx './run' && ((${#curls[@]} == 3)) && [[ $(wc -l <<<"$hosts") == 1 && -n $hosts ]] ||
    { failed "the README no longer begins with ./run and three requests" && ends; }

fresh_clone
terminal node ./run
shows node "build and start" 'REST       http://127.0.0.1:8645' 280 || ends
said=$(bash -c "${curls[0]}")
[[ $said == *READY* ]] && ok || failed "${curls[0]}: $said"
said=$(bash -c "${curls[1]} -o /dev/null -w '%{http_code}'")
[[ $said == 200 ]] && ok || failed "${curls[1]}: $said"
for _ in {1..50}; do
    said=$(bash -c "${curls[2]}")
    [[ $said == *aGVsbG8* ]] && break
    sleep 0.1
done
[[ $said == *aGVsbG8* ]] && ok || failed "${curls[2]}: $said"
keys node C-c
shows node "the end" 'prompt>' 15

# A node that hosts an account, and a program that asks it who it is
type_in node "clear; $hosts"
shows node "24 words, once" 'The 24 words of raya' 60
shows node "start" 'REST       http://127.0.0.1:8645' 15
token=$HOME/.local/share/sotto/chat/token
said=$(curl -s -H "Authorization: Bearer $(cat "$token")" localhost:8645/chat/v1/self)
[[ $said == *sotto1* ]] && ok || failed "the account of the node: $said"
keys node C-c
shows node "the end" 'prompt>' 15
ends
