package scenarios

import (
	"testing"

	"github.com/dockwall/dockwall/internal/testbed"
)

// The recipe's rules, and the office's IPv6 address, which the recipe forgets.
const recipe = `
ingress:
  - allow 8123/tcp from office
  - allow 6379/tcp from any
sets:
  office: [192.168.0.0/24, "2001:db8::7"]
`

// The recipe, line by line: refused by default; ClickHouse from the office only; Redis from everywhere; containers go
// out and get answers; 7777→80 refused; reset opens everything again. Over IPv4, and over IPv6 by docker-proxy.
func TestRecipe(t *testing.T) {
	everywhere(t, plain, func(s *scene) { s.recipe(s.both) })
}

// The same on a host whose iptables is iptables-legacy, with userland-proxy=false: nothing there serves IPv6.
func TestRecipeWithLegacyIptables(t *testing.T) {
	everywhere(t, bare, func(s *scene) { s.recipe(s.v4) })
}

func (s *scene) recipe(every func(from *testbed.Station, port string) []dial) {
	office, internet := s.bed.Office, s.bed.Internet
	s.container(testbed.Container{Name: "clickhouse", Listen: []string{"8123/tcp"}, Publish: []string{"8123:8123"}})
	s.container(testbed.Container{Name: "redis", Listen: []string{"6379/tcp"}, Publish: []string{"6379:6379"}})
	nginx := s.web("nginx", "7777:80")
	s.serve(internet, "remote", "443/tcp", "53/udp")

	everythingOpen := func(moment string) {
		for _, from := range []*testbed.Station{office, internet} {
			s.expect(moment, open("clickhouse", every(from, "8123/tcp")...), open("redis", every(from, "6379/tcp")...),
				open("nginx", every(from, "7777/tcp")...))
		}
	}
	everythingOpen("without dockwall")
	before := s.rules()
	s.apply(recipe)
	s.expect("refused by default", refused(every(office, "7777/tcp")...), refused(every(internet, "7777/tcp")...))
	s.expect("ClickHouse from the office only",
		open("clickhouse", tcp(office, "192.168.0.1:8123"), tcp(office, "203.0.113.10:8123")),
		refused(every(internet, "8123/tcp")...))
	s.expect("Redis from everywhere",
		open("redis", every(office, "6379/tcp")...), open("redis", every(internet, "6379/tcp")...))
	s.expect("containers go out and get answers", open("remote",
		tcp(nginx.Station, "198.51.100.7:443"), udp(nginx.Station, "198.51.100.7:53")))
	s.reset()
	everythingOpen("after reset")
	s.sameRules("after reset", before)
}

// The office's global IPv6 address is in its set; its link-local one is not.
func TestRecipeNamesIPv6Clients(t *testing.T) {
	everywhere(t, plain, func(s *scene) {
		office := s.bed.Office
		s.container(testbed.Container{Name: "clickhouse", Listen: []string{"8123/tcp"}, Publish: []string{"8123:8123"}})
		s.apply(recipe)
		s.expect("ClickHouse over IPv6", open("clickhouse", tcp(office, "[2001:db8::10]:8123")),
			refused(tcp(office, "[fe80::10%eth0]:8123"), tcp(s.bed.Neighbour, "[2001:db8::10]:8123"),
				tcp(s.bed.Internet, "[2001:db8::10]:8123")))
	})
}
