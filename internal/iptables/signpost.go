package iptables

import (
	"context"
	"errors"

	"github.com/dockwall/dockwall/internal/backend"
	"github.com/dockwall/dockwall/internal/host"
)

// signText begins the comment of every signpost.
const signText = "dockwall keeps its rules in nftables"

// sign is the signpost's rule. It has no target and decides nothing.
var sign = rule{comment: remark(signText + ", table inet dockwall. To see what is in force: dockwall status")}

// Signpost is a rule in DOCKER-USER, for both families, that tells people who look there that the rules are elsewhere.
// It makes no chain and no table: without a DOCKER-USER there is none.
type Signpost struct{}

// Install makes the signpost the first rule of DOCKER-USER, in the iptables that carries Docker's chains. Where it
// stands already nothing is written. No iptables, or no DOCKER-USER, is no error.
func (Signpost) Install(ctx context.Context, h *host.Host) error {
	if h.Iptables == "" {
		return nil
	}
	return eachFamily(ctx, h.Iptables, func(f *family, s *saved, t tools) error {
		if !s.user || len(s.signs) == 1 && s.signs[0].text == sign.text() {
			return nil
		}
		text := "*filter\n" + deleteSigns(s) + "-I " + dockerUser + " " + sign.text() + "\nCOMMIT\n"
		return t.restore(ctx, f, text, false)
	})
}

// Remove takes signposts away, in both variants of iptables.
func (Signpost) Remove(ctx context.Context) error {
	for _, variant := range []string{"nft", "legacy"} {
		err := eachFamily(ctx, variant, func(f *family, s *saved, t tools) error {
			if len(s.signs) == 0 {
				return nil
			}
			return t.restore(ctx, f, "*filter\n"+deleteSigns(s)+"COMMIT\n", false)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Stands tells whether there is a signpost in every DOCKER-USER of the iptables that carries Docker's chains.
func (Signpost) Stands(ctx context.Context, h *host.Host) (bool, error) {
	users, signs := 0, 0
	if h.Iptables == "" {
		return false, nil
	}
	err := eachFamily(ctx, h.Iptables, func(_ *family, s *saved, _ tools) error {
		if s.user {
			users++
		}
		signs += min(1, len(s.signs))
		return nil
	})
	return users > 0 && signs == users, err
}

// eachFamily calls do with what each family has. Without the programs or nf_tables there is nothing.
func eachFamily(ctx context.Context, variant string, do func(*family, *saved, tools) error) error {
	t := tools{variant}
	for _, f := range families {
		if f == ipv6 && !hasIPv6() {
			continue
		}
		s, err := lookAt(ctx, t, f)
		var missing *backend.MissingToolError
		if errors.As(err, &missing) || errors.Is(err, errNoNFTables) {
			return nil
		}
		if err == nil {
			err = do(f, s, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteSigns(s *saved) string {
	text := ""
	for _, r := range s.signs {
		text += "-D " + dockerUser + " " + r.text + "\n"
	}
	return text
}
