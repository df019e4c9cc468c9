import Settings
import Testing

/// Settings as documentation.
struct SettingDescriptionTests {
    @Test func everySectionIsATableInTheOrderOfDeclaration() {
        let descriptions = SettingsReader.describe { section in
            _ = section.optional("name", .name, "A | B.")
            section.section("inner", "Inside.") { inner in
                _ = inner.value("n", .integer(in: 1...9), default: 3, "A number.")
            }
        }

        #expect(
            SettingDescription.markdown(descriptions) == """
                ## The file

                | key | default | allowed | meaning |
                |---|---|---|---|
                | `name` | – | a name; 1 to 64 of A-Z a-z 0-9 . _ - | A \\| B. |
                | `inner` | – | an object | Inside. |

                ## `inner`

                | key | default | allowed | meaning |
                |---|---|---|---|
                | `n` | `3` | an integer; 1 to 9 | A number. |

                """)
    }
}
