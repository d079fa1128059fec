// Room: cli. The locale "C" of libstdc++ with the facets that strings and whole numbers need, and
// no standard streams.
//
// The library's own brings money, time, messages, collation and wide characters, twice each for its
// two ABIs, and with them a third of the C library: 0.7 MB for the one string stream in CLI11. A
// linker takes the first definition of a name, so the library's stay outside. What is missing here
// throws std::bad_cast when a stream asks for it (a number that is read from a stream, say), so it
// cannot be missed in silence. meson.build uses this file with the libstdc++ that it was made for.
#include <array>
#include <ios>
#include <locale>
#include <new>

namespace {

/// Room for every facet that may be asked for; those that are not there stay null.
constexpr std::size_t kFacets = 64;
std::array<const std::locale::facet*, kFacets> facets{};
std::array<const std::locale::facet*, kFacets> caches{};
char name_c[] = "C";
std::array<char*, 6 + 1> names{name_c};

/// Storage that is never destroyed: streams may be used until the process ends.
template <class T>
struct Forever {
    alignas(T) std::array<std::byte, sizeof(T)> bytes;
    template <class... A>
    T* make(A... arguments) {
        return new (bytes.data()) T(arguments...);
    }
};

constexpr std::size_t kNeverDeleted = 1;
Forever<std::ctype<char>> ctype_storage;
Forever<std::numpunct<char>> numpunct_storage;
Forever<std::num_put<char>> num_put_storage;
Forever<std::locale> classic_storage;

}  // namespace

// NOLINTBEGIN(cert-dcl58-cpp,bugprone-reserved-identifier): members that the library declares
namespace std {

alignas(locale::_Impl) static std::byte implementation_storage[sizeof(locale::_Impl)];

const locale::id* const locale::_S_twinned_facets[] = {nullptr};
const locale::id* const* const locale::_Impl::_S_facet_categories[] = {nullptr};

locale::_Impl::_Impl(size_t references) noexcept
    : _M_refcount(static_cast<_Atomic_word>(references)),
      _M_facets(facets.data()),
      _M_facets_size(kFacets),
      _M_caches(caches.data()),
      _M_names(names.data()) {
    _M_init_facet_unchecked(ctype_storage.make(nullptr, false, kNeverDeleted));
    _M_init_facet_unchecked(numpunct_storage.make(kNeverDeleted));
    _M_init_facet_unchecked(num_put_storage.make(kNeverDeleted));
}

/// cleat has one thread wherever it uses a stream.
void locale::_S_initialize() {
    if (_S_classic == nullptr) _S_initialize_once();
}

void locale::_S_initialize_once() noexcept {
    constexpr size_t kOwners = 2;  // _S_classic and _S_global
    _S_classic = new (implementation_storage) _Impl(kOwners);
    _S_global = _S_classic;
    new (classic_storage.bytes.data()) locale(_S_classic);
}

const locale& locale::classic() {
    _S_initialize();
    return *std::launder(reinterpret_cast<const locale*>(classic_storage.bytes.data()));
}

locale::locale() noexcept : _M_impl(nullptr) {
    _S_initialize();
    _M_impl = _S_global;
    _M_impl->_M_add_reference();
}

/// <iostream> wants std::cout and its kin made before main; nobody here uses them.
ios_base::Init::Init() = default;
ios_base::Init::~Init() = default;

}  // namespace std
// NOLINTEND(cert-dcl58-cpp,bugprone-reserved-identifier)
