// Room: validate. Which known word was meant.
#pragma once

#include <string_view>
#include <vector>

namespace cleat::validate {

/// The word that a slip of the fingers away would be `given`: other case, or a letter in three
/// wrong, missing, too many or swapped with its neighbour. "" if there is none.
[[nodiscard]] std::string_view most_similar(std::string_view given,
                                            const std::vector<std::string_view>& words);

}  // namespace cleat::validate
