package nft

// limit reads {"rate", "per", "burst", "inv", "rate_unit", "burst_unit"} or a name.
func (r *ruleReader) limit(v value) {
	text := limitText(v)
	r.word(text)
	r.undecided(text, "the rate of such packets is not known", true)
}

func limitText(v value) string {
	if v.kind != object {
		return `limit name "` + v.text + `"`
	}
	b := "limit rate " + over(v)
	rateUnit, burstUnit := v.get("rate_unit").text, v.get("burst_unit").text
	if rateUnit == "" || rateUnit == "packets" {
		b += v.get("rate").text + "/" + v.get("per").text
		if burst := v.get("burst"); burst.text != "" && burst.text != "5" {
			b += " burst " + burst.text + " packets"
		}
		return b
	}
	b += v.get("rate").text + " " + rateUnit + "/" + v.get("per").text
	if burst := v.get("burst"); burst.text != "" && burst.text != "0" {
		b += " burst " + burst.text + " " + burstUnit
	}
	return b
}

func over(v value) string {
	if v.get("inv").text == "true" {
		return "over "
	}
	return ""
}

func (r *ruleReader) quota(v value) {
	text := `quota name "` + v.text + `"`
	if v.kind == object {
		text = "quota " + over(v) + v.get("val").text + " " + v.get("val_unit").text
		if used := v.get("used"); used.text != "" && used.text != "0" {
			text += " used " + used.text + " " + v.get("used_unit").text
		}
	}
	r.word(text)
	r.undecided(text, "how much of the quota is used is not known", true)
}

func (r *ruleReader) count(v value) {
	text := "ct count " + over(v) + v.get("val").text
	r.word(text)
	r.undecided(text, "how many conversations there are is not known", true)
}
