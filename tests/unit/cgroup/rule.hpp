// Room: cgroup. Device rules for tests, as short texts.
#pragma once

#include "cleat/base/text.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::cgroup::test {

/// "allow c 1:3 rw"; "*" for a number that is not given, "-" for an empty type or access.
inline spec::DeviceRule rule(std::string_view text) {
    const auto fields = split(text, ' ');
    const auto numbers = split(fields.at(2), ':');
    const auto given = [](std::string_view field) {
        return std::string(field == "-" ? std::string_view() : field);
    };
    spec::DeviceRule rule;
    rule.allow = fields.at(0) == "allow";
    rule.type = given(fields.at(1));
    rule.major = parse_number<std::int64_t>(numbers.at(0));
    rule.minor = parse_number<std::int64_t>(numbers.at(1));
    rule.access = given(fields.at(3));
    return rule;
}

inline const spec::DeviceRule kNothing = rule("deny - *:* rwm");
inline const spec::DeviceRule kEverything = rule("allow - *:* rwm");
inline const spec::DeviceRule kNull = rule("allow c 1:3 rwm");
inline const spec::DeviceRule kAllCharNodes = rule("allow c *:* m");

}  // namespace cleat::cgroup::test
