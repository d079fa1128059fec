// Room: base (layer 0, pure). A moment as text, without the C library's time zone files.
#pragma once

#include <chrono>
#include <string>

#include "cleat/base/text.hpp"

namespace cleat {

enum class Fraction { None, Nanoseconds };

/// RFC 3339 in UTC: "2026-01-02T03:04:05.000000006Z", or without the fraction.
[[nodiscard]] inline std::string rfc3339(std::chrono::nanoseconds since_epoch, Fraction fraction) {
    using std::chrono::floor;
    const std::chrono::sys_time<std::chrono::nanoseconds> moment(since_epoch);
    const auto day = floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    const auto padded = [](auto number, std::size_t width) {
        std::string digits = concat(number);
        return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
    };
    std::string text =
        concat(padded(static_cast<int>(date.year()), 4), "-",
               padded(static_cast<unsigned>(date.month()), 2), "-",
               padded(static_cast<unsigned>(date.day()), 2), "T", padded(time.hours().count(), 2),
               ":", padded(time.minutes().count(), 2), ":", padded(time.seconds().count(), 2));
    if (fraction == Fraction::Nanoseconds)
        text += concat(".", padded(time.subseconds().count(), 9));
    return text + 'Z';
}

}  // namespace cleat
